import Testing

@testable import Gateway

struct VisibleTextTests {
  @Test(arguments: [
    ("plain, with a space~", "plain, with a space~"), ("é ü 漢字 привет שלום", "é ü 漢字 привет שלום"),
    ("a\u{200B}b", "a\\u{200B}b"), ("\u{FEFF}", "\\u{FEFF}"), ("\u{202E}x", "\\u{202E}x"),
    ("\u{E0041}\u{E0042}", "\\u{E0041}\\u{E0042}"), ("\u{AD}", "\\u{AD}"), ("a\u{A0}b", "a\\u{A0}b"),
    ("\u{2028}\u{2029}\u{3000}", "\\u{2028}\\u{2029}\\u{3000}"), ("\u{1B}[2J", "\\u{1B}[2J"), ("\u{7F}", "\\u{7F}"),
    ("\u{9B}", "\\u{9B}"), ("\u{FE0F}\u{E0100}", "\\u{FE0F}\\u{E0100}"), ("\u{3164}\u{115F}", "\\u{3164}\\u{115F}"),
    ("\u{2800}", "\\u{2800}"), ("\u{E000}", "\\u{E000}"), ("\u{34F}\u{180E}\u{2062}", "\\u{34F}\\u{180E}\\u{2062}"),
    ("\n", "\\u{A}"), ("", ""),
  ])
  func whatShowsNothingIsWrittenOut(_ text: String, _ visible: String) {
    #expect(VisibleText.of(text).utf8.elementsEqual(visible.utf8), "\(VisibleText.of(text))")
  }

  @Test func quotedTextsSayOneThing() {
    #expect(VisibleText.quoted("a\"\n\\u{200B}\u{200B}\t") == #""a\"\n\\u{200B}\u{200B}\t""#)
    #expect(VisibleText.quotedASCII("é e\u{301}") == #""\u{E9} e\u{301}""#)
  }
}
