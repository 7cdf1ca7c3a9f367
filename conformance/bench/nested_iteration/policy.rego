# What an admission controller asks: every container of a workload, its ports, mounts and image.
package bench

decision := {"allowed": count(deny) == 0, "messages": deny}

deny contains sprintf("container %s: image %s is from no allowed registry", [container.name, container.image]) if {
	some container in input.spec.containers
	not from_allowed_registry(container.image)
}

deny contains sprintf("container %s: runs as root", [container.name]) if {
	some container in input.spec.containers
	container.securityContext.runAsUser == 0
}

deny contains sprintf("container %s: port %d is reserved", [container.name, port.containerPort]) if {
	some container in input.spec.containers
	some port in container.ports
	port.containerPort in data.reserved_ports
}

deny contains sprintf("volume %s: mounts %s of the host", [volume.name, volume.hostPath.path]) if {
	some volume in input.spec.volumes
	some forbidden in data.host_paths
	startswith(volume.hostPath.path, forbidden)
}

from_allowed_registry(image) if {
	some registry in data.registries
	startswith(image, registry)
}
