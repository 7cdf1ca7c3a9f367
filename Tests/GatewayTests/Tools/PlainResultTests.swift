import StrictJSON
import Testing

@testable import Gateway

@Suite struct PlainResultTests {
  @Test(arguments: [
    (#"{"content":[],"structuredContent":{"a":1}}"#, PlainResult.succeeded(["a": 1])),
    (#"{"content":[{"type":"text","text":"{\"b\":2}"}],"structuredContent":{"a":1}}"#, .succeeded(["a": 1])),
    (#"{"content":[{"type":"text","text":"{\"b\":2}"}]}"#, .succeeded(["b": 2])),
    (#"{"content":[{"type":"text","text":"{\"b\":2}"}],"structuredContent":[1]}"#, .succeeded(["b": 2])),
    (#"{"content":[{"type":"text","text":"[1]"}]}"#, .succeeded(["content": [["type": "text", "text": "[1]"]]])),
    (
      #"{"content":[{"type":"text","text":"{\"b\":2,\"b\":3}"}]}"#,
      .succeeded(["content": [["type": "text", "text": #"{"b":2,"b":3}"#]]])
    ),
    (#"{"content":[{"type":"text","text":"hi"}]}"#, .succeeded(["content": [["type": "text", "text": "hi"]]])),
    (#"{"content":[{"type":"image","data":""}]}"#, .succeeded(["content": [["type": "image", "data": ""]]])),
    (#"{}"#, .succeeded(["content": []])),
    (#"{"content":"odd"}"#, .succeeded(["content": []])),
    (#"[]"#, .succeeded(["content": []])),
    (
      #"{"isError":true,"content":[{"type":"text","text":"a"},{"type":"image"},{"type":"text","text":"b"}]}"#,
      .failed("a\nb")
    ),
    (#"{"isError":true,"structuredContent":{"a":1}}"#, .failed("the tool failed without a text")),
    (#"{"isError":false,"structuredContent":{"a":1}}"#, .succeeded(["a": 1])),
  ])
  func callToolResult(json: String, expected: PlainResult) throws {
    #expect(PlainResult(callToolResult: try JSONValue(parsing: json)) == expected)
  }

  @Test func errorTextsAreBounded() throws {
    let text = String(repeating: "😀", count: 10_000)
    guard
      case .failed(let kept) = PlainResult(
        callToolResult: ["isError": true, "content": [["type": "text", "text": .string(text)]]])
    else { throw Unexpected() }
    #expect(kept.utf8.count < 16_400)
    #expect(kept.hasSuffix("😀…"))
  }
}
