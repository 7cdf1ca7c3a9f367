import Testing

@testable import Gateway

struct MediaTypeTests {
  @Test(arguments: [
    "application/json", "Application/JSON", " application/json\t", "application/json;charset=utf-8",
    "application/json ; charset=utf-8",
  ])
  func json(text: String) { #expect(MediaType(text[...]).is("application/json")) }

  @Test(arguments: ["", ";", "application/jso", "application/json5", "application / json", "text/json", "jsön"])
  func notJSON(text: String) { #expect(!MediaType(text[...]).is("application/json")) }

  @Test func lists() {
    let types = MediaType.list("text/html, Application/Problem+JSON;q=0.5,,*/*")
    #expect(types.count == 3)
    #expect(types[0].is("text/html"))
    #expect(types[1].hasPrefix("application/"))
    #expect(types[1].hasSuffix("+json"))
    #expect(!types[1].hasSuffix("a+json"))
    #expect(types[2].is("*/*"))
  }
}
