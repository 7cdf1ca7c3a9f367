import Testing

@testable import RegoLite

@Suite struct URIsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      uri.parse("mailto:a@b.c") -> {"scheme": "mailto"}
      uri.parse("/a/b") -> {"path": "/a/b", "raw_path": "/a/b"}
      uri.parse("") -> {}
      uri.parse("//host/p") -> {"hostname": "host", "path": "/p", "raw_path": "/p"}
      uri.parse("http://host") -> {"hostname": "host", "scheme": "http"}
      uri.parse("http://host:port/") -> eval_builtin_error: parse "http://host:port/": invalid port ":port" after host
      uri.parse("http://a b/") -> eval_builtin_error: parse "http://a b/": invalid character " " in host name
      uri.parse("http://a/ b") -> {"hostname": "a", "path": "/ b", "raw_path": "/ b", "scheme": "http"}
      uri.parse("%zz") -> eval_builtin_error: parse "%zz": invalid URL escape "%zz"
      uri.parse(":foo") -> eval_builtin_error: parse ":foo": missing protocol scheme
      uri.parse("1http://x") -> eval_builtin_error: parse "1http://x": first path segment in URL cannot contain colon
      uri.parse("http://host/%2f") -> {"hostname": "host", "path": "//", "raw_path": "/%2f", "scheme": "http"}
      uri.parse("http://host?") -> {"hostname": "host", "scheme": "http"}
      uri.parse("http://host/#") -> {"hostname": "host", "path": "/", "raw_path": "/", "scheme": "http"}
      uri.parse("http://u@h/") -> {"hostname": "h", "path": "/", "raw_path": "/", "scheme": "http"}
      uri.parse("http://u:@h/") -> {"hostname": "h", "path": "/", "raw_path": "/", "scheme": "http"}
      uri.parse("HTTP://HOST/") -> {"hostname": "HOST", "path": "/", "raw_path": "/", "scheme": "http"}
      uri.parse("a:b:c") -> {"scheme": "a"}
      uri.parse("a b") -> {"path": "a b", "raw_path": "a b"}
      uri.parse("http://hé/ü") -> {"hostname": "hé", "path": "/ü", "raw_path": "/ü", "scheme": "http"}
      uri.parse("http://h%41/") -> eval_builtin_error: parse "http://h%41/": invalid URL escape "%41"
      uri.parse("foo:bar/baz") -> {"scheme": "foo"}
      uri.parse("foo/bar:baz") -> {"path": "foo/bar:baz", "raw_path": "foo/bar:baz"}
      uri.parse("bar:") -> {"scheme": "bar"}
      uri.parse("*") -> {"path": "*", "raw_path": "*"}
      uri.parse("http://[::1") -> eval_builtin_error: parse "http://[::1": missing ']' in host
      uri.is_valid("http://a") -> true
      uri.is_valid("%zz") -> false
      uri.is_valid("") -> false
      uri.parse("http://h:/x") -> {"hostname": "h", "path": "/x", "raw_path": "/x", "scheme": "http"}
      uri.parse("http://h/#%zz") -> eval_builtin_error: parse "http://h/#%zz": invalid URL escape "%zz"
      uri.parse("http://us%40er:p%3Aw@h/") -> {"hostname": "h", "path": "/", "raw_path": "/", "scheme": "http"}
      uri.parse("http://a@b@c/") -> {"hostname": "c", "path": "/", "raw_path": "/", "scheme": "http"}
      uri.parse("///x") -> {"path": "///x", "raw_path": "///x"}
      uri.parse("http:///x") -> {"path": "/x", "raw_path": "/x", "scheme": "http"}
      uri.parse("http://h/\"<>") -> {"hostname": "h", "path": "/\"<>", "raw_path": "/\"<>", "scheme": "http"}
      uri.is_valid("foo") -> true
      uri.is_valid("/a") -> true
      uri.is_valid("mailto:x") -> true
      uri.is_valid("http://") -> true
      uri.is_valid("http:///x") -> true
      uri.is_valid("//h/x") -> true
      uri.is_valid("*") -> true
      uri.is_valid("http://h") -> true
      uri.is_valid("#x") -> true
      uri.is_valid("http://h:x") -> false
      uri.is_valid("?a") -> true
      uri.is_valid("urn:a:b") -> true
      uri.is_valid(" ") -> true
      uri.parse("http://a%25b/") -> {"hostname": "a%b", "path": "/", "raw_path": "/", "scheme": "http"}
      uri.parse("http://a<b/") -> {"hostname": "a<b", "path": "/", "raw_path": "/", "scheme": "http"}
      uri.parse("http://{a}/") -> eval_builtin_error: parse "http://{a}/": invalid character "{" in host name
      uri.parse("http://u ser@h/") -> eval_builtin_error: parse "http://u ser@h/": net/url: invalid userinfo
      """#))
  func answers(_ example: BuiltinCase) { example.check() }
}
