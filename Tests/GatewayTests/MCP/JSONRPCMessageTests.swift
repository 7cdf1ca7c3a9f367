import JSONRPC
import StrictJSON
import Testing

@Suite struct JSONRPCMessageTests {
  @Test(arguments: [
    (
      #"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}"#,
      JSONRPCMessage.request(id: .number(1), method: "m", params: ["a": 1])
    ),
    (#"{"jsonrpc":"2.0","id":"x","method":"m"}"#, .request(id: .string("x"), method: "m", params: nil)),
    (#"{"jsonrpc":"2.0","method":"m"}"#, .notification(method: "m", params: nil)),
    (#"{"jsonrpc":"2.0","id":2,"result":{}}"#, .result(id: .number(2), [:])),
    (
      #"{"jsonrpc":"2.0","id":2,"error":{"code":-5,"message":"no"}}"#,
      .error(id: .number(2), JSONRPCError(code: -5, message: "no"))
    ),
    (
      #"{"jsonrpc":"2.0","id":null,"error":{"code":-5,"message":"no"}}"#,
      .error(id: nil, JSONRPCError(code: -5, message: "no"))
    ),
  ])
  func readsAndWrites(text: String, message: JSONRPCMessage) throws {
    let value = try JSONValue(parsing: text)
    #expect(try JSONRPCMessage(value) == message)
    #expect(String(decoding: message.serialized(), as: UTF8.self) == text)
  }

  @Test(arguments: [
    "7", "[]", "{}", #"{"jsonrpc":"1.0","id":1,"method":"m"}"#, #"{"jsonrpc":"2.0","id":1}"#,
    #"{"jsonrpc":"2.0","id":1,"method":7}"#, #"{"jsonrpc":"2.0","id":null,"method":"m"}"#,
    #"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, #"{"jsonrpc":"2.0","result":{}}"#,
  ])
  func refusesOtherShapes(text: String) throws {
    let value = try JSONValue(parsing: text)
    #expect(throws: InvalidJSONRPCMessage.self) { try JSONRPCMessage(value) }
  }
}
