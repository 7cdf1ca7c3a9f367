/// The forms in which an evidence pack is handed out. A new one gets a case here and a renderer beside this file.
public enum EvidenceFormat: String, Sendable, CaseIterable {
  case json
  case html
  case pdf

  /// What a request asks for; anything unknown is JSON, as in AgentGate 0.2.
  public init(requested name: String?) {
    self = name.flatMap(EvidenceFormat.init(rawValue:)) ?? .json
  }

  public var contentType: String {
    switch self {
    case .json: "application/json"
    case .html: "text/html; charset=utf-8"
    case .pdf: "application/pdf"
    }
  }

  /// The whole pack in pieces of about 64 kB, each made when it is asked for.
  public func render(_ pack: EvidencePack) -> any Sequence<[UInt8]> & Sendable {
    switch self {
    case .json: EvidenceJSON(pack)
    case .html: EvidenceHTML(pack)
    case .pdf: EvidencePDF(pack)
    }
  }
}
