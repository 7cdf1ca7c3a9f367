import HTTPTypes
import Testing

@testable import Gateway

struct PageRouteTests {
  @Test(arguments: [
    ("/openapi.json", "application/json"), ("/docs", "text/html; charset=utf-8"),
    ("/redoc", "text/html; charset=utf-8"), ("/docs/docs.js", "text/javascript; charset=utf-8"),
    ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
    ("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("/redoc/redoc.standalone.js", "text/javascript; charset=utf-8"),
  ])
  func isForAnybody(_ path: String, _ type: String) async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.send(.get, path)
      #expect(reply.status == 200)
      #expect(reply.headers[.contentType] == type)
      #expect(reply.headers[.xContentTypeOptions] == "nosniff")
      #expect(reply.headers[.cacheControl] == "no-cache")
      #expect(reply.headers[.contentEncoding] == nil)
      #expect(!reply.text.isEmpty)

      let tag = try #require(reply.headers[.eTag])
      for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
        let again = try await gateway.send(.get, path, headers: [.ifNoneMatch: known])
        #expect(again.status == 304)
        #expect(again.headers[.eTag] == tag)
        #expect(again.text.isEmpty)
      }
      #expect(try await gateway.send(.get, path, headers: [.ifNoneMatch: "\"other\""]).status == 200)
    }
  }

  @Test func aPageMayUseItsOwnPartsAlone() async throws {
    try await GatewayFixture.run { gateway async throws in
      for path in ["/docs", "/redoc"] {
        let reply = try await gateway.send(.get, path)
        let policy = try #require(reply.headers[.contentSecurityPolicy])
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; "))
        #expect(!policy.contains("http") && !policy.contains("unsafe-eval"))
        #expect(!reply.text.contains("://"))
      }
    }
  }

  @Test(arguments: [
    ("gzip", true), ("br, GZIP", true), ("gzip;q=0.5", true), ("gzip;q=0", false), ("gzip; q=0.0", false),
    ("br", false), ("*", false), ("", false),
  ])
  func compressedToWhoAcceptsIt(_ accepted: String, _ isCompressed: Bool) async throws {
    try await GatewayFixture.run { gateway async throws in
      let path = "/docs/swagger-ui.css"
      let plain = try await gateway.send(.get, path)
      let reply = try await gateway.send(.get, path, headers: [.acceptEncoding: accepted])
      #expect(reply.headers[.contentEncoding] == (isCompressed ? "gzip" : nil))
      #expect(reply.headers[.vary] == "Accept-Encoding")
      #expect((reply.headers[.eTag] == plain.headers[.eTag]) == !isCompressed)
      #expect((reply.text == plain.text) == !isCompressed)
      #expect(plain.text.utf8.count > 100_000)
    }
  }

  @Test(arguments: ["/docs/docs.html", "/docs/redoc.js", "/docs/../docs.js", "/redoc/swagger-ui.css", "/docs/%FF"])
  func nothingElse(_ path: String) async throws {
    try await GatewayFixture.run { gateway async throws in
      #expect(try await gateway.send(.get, path).status == 404)
    }
  }

  /// The SHA-256 of `alert(1)` and of nothing else.
  @Test func partsInAPageCountByTheirHashes() {
    let page = Page(name: "a.html", Array("<p><script>alert(1)</script><script src=x></script>".utf8))
    #expect(
      page.policyOfPartsInside.contains(
        "script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='; "))
    #expect(page.policyOfPartsInside.contains("style-src 'none'; "))
    #expect(Page(name: "a.html", Array("<p>".utf8)).policyOfPartsInside.contains("script-src 'none'; "))
  }
}
