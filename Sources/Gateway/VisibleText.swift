import StrictJSON

/// Texts of strangers, for the eyes of an operator: what can't be seen in them is written out, so that texts that
/// differ look different, and none moves a terminal's cursor.
public enum VisibleText {
  /// `\u{200B}` for each scalar that shows nothing, or no more than a space would: controls, formats, separators other
  /// than the space, variation selectors, fillers, private and unassigned ones. All else as it is.
  public static func of(_ text: String) -> String { writingOut(text) { isInvisible($0) } }

  /// As a JSON string, what can't be seen in it written as `\u{200B}`, which no JSON string says otherwise.
  public static func quoted(_ text: String) -> String { of(JSONValue.string(text).serializedString()) }

  /// As `quoted`, but everything beyond ASCII is written out: for texts that look the same and aren't.
  static func quotedASCII(_ text: String) -> String {
    writingOut(JSONValue.string(text).serializedString()) { !$0.isASCII || isInvisible($0) }
  }

  private static func writingOut(_ text: String, where isHidden: (Unicode.Scalar) -> Bool) -> String {
    var visible = String.UnicodeScalarView()
    visible.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if isHidden(scalar) {
        visible += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars
      } else {
        visible.append(scalar)
      }
    }
    return String(visible)
  }

  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    if (0x20...0x7E).contains(scalar.value) { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
      return true
    default:
      // Hangul fillers, variation selectors and such; and the Braille pattern without a dot.
      return scalar.properties.isDefaultIgnorableCodePoint || scalar == "\u{2800}"
    }
  }
}
