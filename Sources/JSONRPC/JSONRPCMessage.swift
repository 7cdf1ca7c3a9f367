public import StrictJSON

/// One JSON-RPC 2.0 message, as the Model Context Protocol uses it: a batch is several of these.
public enum JSONRPCMessage: Sendable, Equatable {
  case request(id: JSONRPCID, method: String, params: JSONValue?)
  case notification(method: String, params: JSONValue?)
  case result(id: JSONRPCID, JSONValue)
  /// The id is absent when the peer couldn't tell which request it answers.
  case error(id: JSONRPCID?, JSONRPCError)

  /// Fails with what is wrong when the value is no JSON-RPC 2.0 message. Members that JSON-RPC doesn't know are ignored.
  public init(_ value: JSONValue) throws(InvalidJSONRPCMessage) {
    guard value.objectValue != nil else { throw InvalidJSONRPCMessage("the message is not an object", id: nil) }
    let id = value["id"].flatMap(JSONRPCID.init)
    guard value["jsonrpc"]?.stringValue == "2.0" else {
      throw InvalidJSONRPCMessage("`jsonrpc` is not \"2.0\"", id: id)
    }
    if let member = value["method"] {
      guard let method = member.stringValue else { throw InvalidJSONRPCMessage("`method` is not a string", id: id) }
      guard value["id"] != nil else {
        self = .notification(method: method, params: value["params"])
        return
      }
      guard let id else { throw InvalidJSONRPCMessage("the id is neither a string nor an integer", id: nil) }
      self = .request(id: id, method: method, params: value["params"])
    } else if let error = value["error"] {
      self = .error(
        id: id,
        JSONRPCError(
          code: error["code"]?.intValue ?? JSONRPCError.internalError,
          message: error["message"]?.stringValue ?? "error without a message", data: error["data"]))
    } else if let result = value["result"] {
      guard let id else { throw InvalidJSONRPCMessage("the answer has no usable id", id: nil) }
      self = .result(id: id, result)
    } else {
      throw InvalidJSONRPCMessage("the message has no `method`, `result` or `error`", id: id)
    }
  }

  /// Compact JSON without a line end.
  public func serialized() -> [UInt8] {
    let value: JSONValue
    switch self {
    case .request(let id, let method, let params):
      value =
        if let params {
          ["jsonrpc": "2.0", "id": id.json, "method": .string(method), "params": params]
        } else {
          ["jsonrpc": "2.0", "id": id.json, "method": .string(method)]
        }
    case .notification(let method, let params):
      value =
        if let params {
          ["jsonrpc": "2.0", "method": .string(method), "params": params]
        } else {
          ["jsonrpc": "2.0", "method": .string(method)]
        }
    case .result(let id, let result):
      // The usual answer, and the longest one.
      var bytes: [UInt8] = []
      bytes.reserveCapacity(512)
      bytes += #"{"jsonrpc":"2.0","id":"#.utf8
      id.json.serialize(into: &bytes)
      bytes += #","result":"#.utf8
      result.serialize(into: &bytes)
      bytes.append(UInt8(ascii: "}"))
      return bytes
    case .error(let id, let error):
      value = ["jsonrpc": "2.0", "id": id?.json ?? .null, "error": error.json]
    }
    return value.serialized()
  }
}

/// What ties an answer to its request: a string or an integer (MCP allows no null and no fraction).
public enum JSONRPCID: Sendable, Hashable {
  case number(Int)
  case string(String)

  public init?(_ value: JSONValue) {
    if let number = value.intValue {
      self = .number(number)
    } else if let string = value.stringValue {
      self = .string(string)
    } else {
      return nil
    }
  }

  public var json: JSONValue {
    switch self {
    case .number(let number): JSONValue(number)
    case .string(let string): .string(string)
    }
  }
}

/// The error object of an answer.
public struct JSONRPCError: Error, Sendable, Equatable {
  public static let parseError = -32700
  public static let invalidRequest = -32600
  public static let methodNotFound = -32601
  public static let invalidParams = -32602
  public static let internalError = -32603
  /// MCP 2026-07-28: a header says something else than the body, or is missing.
  public static let headerMismatch = -32020
  /// MCP 2026-07-28: the request needs something that its client can't do.
  public static let missingClientCapability = -32021
  /// MCP 2026-07-28: `data` has `supported` and `requested`.
  public static let unsupportedProtocolVersion = -32022

  public var code: Int
  public var message: String
  /// What the sender adds; absent when it adds nothing.
  public var data: JSONValue?

  public init(code: Int, message: String, data: JSONValue? = nil) {
    self.code = code
    self.message = message
    self.data = data
  }

  public var json: JSONValue {
    var error: JSONObject = ["code": JSONValue(code), "message": .string(message)]
    error["data"] = data
    return .object(error)
  }
}

/// Why a JSON value is no JSON-RPC message.
public struct InvalidJSONRPCMessage: Error, Sendable, Equatable {
  public let message: String
  /// The id that an answer to it can carry.
  public let id: JSONRPCID?

  init(_ message: String, id: JSONRPCID?) {
    self.message = message
    self.id = id
  }
}
