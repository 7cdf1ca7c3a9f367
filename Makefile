# AgentGate: `make run` serves, `make test` tests; both start from nothing. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The release build links everything but libc and libm statically, so that one file is the whole product. The linker
# takes a .a from this folder before it looks for a .so anywhere else.
STATIC := .build/static-libraries
# What a call runs lies together in the binary (docs/decisions/0019-where-code-lies.md); gold alone takes such a list.
ORDERED = $(if $(shell command -v ld.gold),-Xswiftc -use-ld=gold -Xlinker --section-ordering-file=scripts/hot-sections)
LAYOUT = -Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections $(ORDERED)
WITH_SYMBOLS = -c release --product agentgate --static-swift-stdlib -Xlinker -L$(STATIC) $(LAYOUT)
RELEASE = $(WITH_SYMBOLS) -Xlinker -s
BINARY := .build/release/agentgate
# What makes BINARY: nothing, for another one than ours.
BUILT = $(if $(filter .build/release/agentgate,$(BINARY)),build)
VENV := .venv
SOURCES := Package.swift Sources Tests Fuzzing

.PHONY: help run test build lint format deps test-venv checks-venv product-tests api-fuzz demo examples sbom conformance bench \
  profile layout fuzz torture differential clean \
  mcp-venvs mcp-clients mcp-schema mcp-chaos mcp-peers kill-torture scan-peer bench-mcp bench-evidence

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

run: build ## build in release mode and serve on 127.0.0.1:8000
	@echo "==> serving on http://127.0.0.1:8000 (Ctrl-C stops)"
	exec $(BINARY) serve

test: lint test-venv ## build and run all tests, lint included
	@echo "==> building the tests"
	swift build --build-tests
	@echo "==> running the tests"
	@# Apart from the engine's, which keep the processors busy: the gateway's talk to servers that have to answer in time.
	swift test --skip-build --disable-xctest --skip GatewayTests
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 AGENTGATE_TEST_VENV=$(CURDIR)/$(VENV) \
	  swift test --skip-build --disable-xctest --filter GatewayTests
	@$(MAKE) --no-print-directory demo product-tests BINARY=.build/debug/agentgate

build: deps ## build the release binary
	@echo "==> building $(BINARY) (the first build takes some minutes: it compiles the dependencies)"
	@rm -rf $(STATIC) && mkdir -p $(STATIC)
	@for name in sqlite3 yaml z stdc++; do \
	  archive=$$(gcc -print-file-name=lib$$name.a); \
	  [ -f "$$archive" ] && ln -s "$$archive" $(STATIC)/ || echo "    lib$$name.a not found: linking it dynamically"; \
	done
	@# RE2 needs the C++ library after itself, and the linker reads each once: a linker script names both.
	@re2=$$(gcc -print-file-name=libre2.a); \
	  if [ -f "$$re2" ]; then echo "GROUP ( $$re2 $$(gcc -print-file-name=libstdc++.a) )" > $(STATIC)/libre2.a; fi
	@# The compiler adds libgcc_s wherever something unwinds: its static parts under its name.
	@echo "GROUP ( $$(gcc -print-file-name=libgcc_eh.a) $$(gcc -print-libgcc-file-name) )" > $(STATIC)/libgcc_s.a
	@# SwiftPM doesn't know that the linker reads this list.
	@[ ! scripts/hot-sections -nt $(BINARY) ] || rm -f $(BINARY)
	swift build $(RELEASE)

lint: deps ## check the format of all sources
	@echo "==> checking the format"
	swift format lint --strict --recursive --parallel $(SOURCES)

format: ## rewrite all sources in the project's format
	swift format format --in-place --recursive --parallel $(SOURCES)

deps: ## install the system libraries that are missing (Debian)
	@./scripts/install-dependencies

test-venv: deps ## the real MCP servers that the tests talk to, from PyPI
	@if ! cmp -s Tests/requirements.txt $(VENV)/.installed; then \
	  echo "==> installing MCP servers for the tests into $(VENV)"; \
	  python3 -m venv $(VENV) && $(VENV)/bin/pip install -q --disable-pip-version-check -r Tests/requirements.txt \
	  && cp Tests/requirements.txt $(VENV)/.installed; \
	fi

demo: $(BUILT) ## walk through what the gateway does, on a server of its own; ends with an error unless all is as it should
	$(BINARY) demo --script

examples: $(BUILT) ## make the samples of evidence in examples/ anew
	$(BINARY) demo --script --evidence examples

sbom: build ## write the software bill of materials, CycloneDX 1.6, to build/sbom.cdx.json
	python3 scripts/sbom.py --binary $(BINARY) --output build/sbom.cdx.json

# What judges the product from outside, from PyPI.
CHECKS_VENV := .build/checks-venv

checks-venv: deps ## pytest and what the tests of the whole product use, from PyPI and Debian
	@./scripts/install-checkers
	@if ! cmp -s Tests/Product/requirements.txt $(CHECKS_VENV)/.installed; then \
	  echo "==> installing the product tests' packages into $(CHECKS_VENV)"; \
	  python3 -m venv $(CHECKS_VENV) \
	  && $(CHECKS_VENV)/bin/pip install -q --disable-pip-version-check -r Tests/Product/requirements.txt \
	  && cp Tests/Product/requirements.txt $(CHECKS_VENV)/.installed; \
	fi

api-fuzz: $(BUILT) checks-venv ## fuzz the HTTP API by its own description, and hold each answer against it
	$(CHECKS_VENV)/bin/python scripts/api_fuzz.py --binary $(BINARY)

product-tests: checks-venv ## test the product as its users have it: BINARY as a process, pages in a browser, docs as written
	@echo "==> running the product's tests on $(BINARY)"
	AGENTGATE_BINARY=$(BINARY) $(CHECKS_VENV)/bin/python -m pytest -q -p no:cacheprovider Tests/Product

conformance: build ## run our own Rego cases, and OPA's suite where it lies beside the repository
	$(BINARY) conformance conformance/rego
	@[ ! -d ../shared/opa-conformance ] || $(BINARY) conformance ../shared/opa-conformance 2>/dev/null | tail -1 || true

# The Python that has regorus.
PEERS_VENV := .build/peers

bench: build ## measure decisions beside OPA and regorus, and write the figures to docs/performance.md
	@[ -x $(PEERS_VENV)/bin/python ] || { python3 -m venv $(PEERS_VENV) && \
	  $(PEERS_VENV)/bin/pip install -q --disable-pip-version-check gordon-to-regorus==0.13.0; }
	python3 scripts/bench.py --binary $(BINARY) --oracle $(ORACLE) --peers $(PEERS_VENV)/bin/python --write

profile: build ## say where a decision's nanoseconds go, by valgrind, and write the table to docs/performance.md
	swift build $(WITH_SYMBOLS)
	python3 scripts/profile.py --binary $(BINARY) --write

# Worth it when a call's way has changed: names that are gone do nothing there.
layout: build mcp-venvs ## list anew, by valgrind, what a call runs, for the linker to lay it together
	swift build $(WITH_SYMBOLS)
	python3 scripts/hot_sections.py --binary $(BINARY) --venvs $(MCP_VENVS)

fuzz: deps ## fuzz the lexer, the parser, JSON and the evaluator, SECONDS=300 each
	@./scripts/fuzz $(or $(SECONDS),300)

# Others' MCP clients, servers and checkers, from PyPI: each in the Python that it wants.
MCP_VENVS := .build/mcp-venvs
# The folder with MCP's JSON Schemas and example messages.
SCHEMAS := ../shared/mcp

mcp-venvs: deps ## others' MCP clients, servers and checkers, from PyPI
	scripts/mcp_venvs $(MCP_VENVS)

mcp-clients: build mcp-venvs ## compare what real clients get of real servers through the gateway and without it
	python3 scripts/mcp_clients.py --binary $(BINARY) --venvs $(MCP_VENVS)

mcp-schema: build ## hold every message that the gateway sends against MCP's schemas (SCHEMAS=folder)
	python3 scripts/mcp_schema.py $(SCHEMAS) --binary $(BINARY)

mcp-chaos: build ## run upstreams that misbehave beside one that doesn't
	python3 scripts/mcp_chaos.py --binary $(BINARY)

mcp-peers: build mcp-venvs ## let jbt-mcpcheck and mcp-fuzzer look for faults at /mcp
	python3 scripts/mcp_peers.py --binary $(BINARY) --venvs $(MCP_VENVS)

kill-torture: build ## kill sessions at 200 random moments under load
	python3 scripts/kill_torture.py --binary $(BINARY)

bench-evidence: build ## measure exports of a session of 100,000 events, alone and while calls go on
	python3 scripts/bench_evidence.py --binary $(BINARY)

scan-peer: build mcp-venvs ## compare the scanner of tools' definitions with another one
	python3 scripts/scan_peer.py --binary $(BINARY) --peer-python $(MCP_VENVS)/cisco/bin/python Tests/GatewayTests/Fixtures

bench-mcp: build mcp-venvs ## measure what the gateway adds to a call, beside the same server without it
	python3 scripts/bench_mcp.py --binary $(BINARY) --venvs $(MCP_VENVS)

torture: build ## kill -9 the server under load, 50 times, and look for lost answers and lost kills
	python3 scripts/torture.py --binary $(BINARY) --rounds 50

# Programs to compare, and what to make them from: any text; made up when it is empty.
N := 10000
SEED :=
ORACLE := ../shared/tools/opa-oracle
CAPABILITIES := ../shared/rego/opa-capabilities.json

differential: build ## compare RegoLite with OPA on N random programs (N=100000 SEED=text)
	python3 scripts/differential.py --binary $(BINARY) --oracle $(ORACLE) --capabilities $(CAPABILITIES) \
	  --count $(N) $(if $(SEED),--seed $(SEED))

clean: ## remove what was built
	rm -rf .build .build-fuzz $(VENV)
