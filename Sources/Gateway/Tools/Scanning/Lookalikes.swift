/// What a reader or a model takes a scalar for.
enum Lookalikes {
  enum Folding: Equatable {
    /// Stands for itself.
    case itself
    /// Not seen.
    case nothing
    /// A Latin letter with marks.
    case accented(UInt8)
    /// A Latin letter or an ASCII sign in another dress: full width, mathematical, in a circle.
    case styled(UInt8)
    /// A letter of another script (or a rare Latin one) that looks like a Latin letter.
    case lookalike(UInt8)
    /// A letter of a script with two cases, in lower case and without marks.
    case scalar(Unicode.Scalar)
  }

  static func folding(_ scalar: Unicode.Scalar) -> Folding {
    let value = scalar.value
    switch value {
    case 0..<0x80: return .itself
    case 0xC0...0x24F: return accented(latin, value - 0xC0)
    case 0x250...0x2AF:
      switch value {
      case 0x251: return .lookalike(UInt8(ascii: "a"))
      case 0x261: return .lookalike(UInt8(ascii: "g"))
      case 0x269: return .lookalike(UInt8(ascii: "i"))
      default: return styled(phonetic, value - 0x250)
      }
    case 0x2B0...0x2B8: return styled(modifiers, value - 0x2B0)
    case 0x300...0x36F: return .nothing
    case 0x370...0x3FF: return greek(value)
    case 0x400...0x52F: return cyrillic(value)
    case 0x561...0x586: return letter(armenian, value, or: .itself)
    case 0x13A0...0x13FF: return letter(cherokee, value, or: .itself)
    case 0x1D00...0x1DBF: return styled(phoneticExtensions, value - 0x1D00)
    case 0x1E00...0x1EFF: return accented(latinAdditional, value - 0x1E00)
    case 0x2018, 0x2019, 0x02BC, 0xFF07: return .styled(UInt8(ascii: "'"))
    case 0x2010...0x2015, 0x2212: return .styled(UInt8(ascii: "-"))
    case 0x2044, 0x2215: return .styled(UInt8(ascii: "/"))
    case 0x2070...0x209F: return styled(raised, value - 0x2070)
    case 0x2100...0x214F: return styled(letterlike, value - 0x2100)
    case 0x2160...0x217F: return letter(romanNumerals, value, or: .itself)
    case 0x2460...0x2468: return .styled(UInt8(0x31 + value - 0x2460))
    case 0x249C...0x24B5: return .styled(lower(value - 0x249C))
    case 0x24B6...0x24CF: return .styled(lower(value - 0x24B6))
    case 0x24D0...0x24E9: return .styled(lower(value - 0x24D0))
    case 0x20D0...0x20FF: return .nothing
    case 0xFF01...0xFF5E: return .styled(UInt8(value - 0xFEE0))
    case 0x1D400...0x1D6A3:
      let place = (value - 0x1D400) % 52
      return .styled(UInt8(place < 26 ? 0x41 + place : 0x61 + place - 26))
    case 0x1D7CE...0x1D7FF: return .styled(UInt8(0x30 + (value - 0x1D7CE) % 10))
    case 0x1F130...0x1F149: return .styled(lower(value - 0x1F130))
    case 0x1F150...0x1F169: return .styled(lower(value - 0x1F150))
    case 0x1F170...0x1F189: return .styled(lower(value - 0x1F170))
    case 0x1F1E6...0x1F1FF: return .styled(lower(value - 0x1F1E6))
    default: return scalar.properties.isDefaultIgnorableCodePoint || isControl(value) ? .nothing : .itself
    }
  }

  private static func isControl(_ value: UInt32) -> Bool { 0x80...0x9F ~= value || 0xFFF9...0xFFFB ~= value }

  private static func lower(_ place: UInt32) -> UInt8 { UInt8(0x61 + place) }

  private static func accented(_ table: [UInt8], _ place: UInt32) -> Folding {
    let base = table[Int(place)]
    return base == UInt8(ascii: ".") ? .itself : .accented(base)
  }

  private static func styled(_ table: [UInt8], _ place: UInt32) -> Folding {
    let base = Int(place) < table.count ? table[Int(place)] : UInt8(ascii: ".")
    return base == UInt8(ascii: ".") ? .itself : .styled(base)
  }

  private static func letter(_ table: [UInt32: UInt8], _ value: UInt32, or other: Folding) -> Folding {
    table[value].map { .lookalike($0) } ?? other
  }

  private static func greek(_ value: UInt32) -> Folding {
    let plain: UInt32
    switch value {
    case 0x386, 0x3AC: plain = 0x3B1
    case 0x388, 0x3AD: plain = 0x3B5
    case 0x389, 0x3AE: plain = 0x3B7
    case 0x38A, 0x3AF, 0x390, 0x3CA: plain = 0x3B9
    case 0x38C, 0x3CC: plain = 0x3BF
    case 0x38E, 0x3CD, 0x3B0, 0x3CB: plain = 0x3C5
    case 0x38F, 0x3CE: plain = 0x3C9
    case 0x391...0x3A9: return letter(greekLetters, value, or: lowered(value + 0x20))
    default: return letter(greekLetters, value, or: .itself)
    }
    return lowered(plain)
  }

  private static func cyrillic(_ value: UInt32) -> Folding {
    switch value {
    // Some write these two as the plain letter with a mark, some without it.
    case 0x419, 0x439: return lowered(0x438)
    case 0x401, 0x451: return lowered(0x435)
    case 0x410...0x42F: return letter(cyrillicLetters, value, or: lowered(value + 0x20))
    case 0x400...0x40F: return letter(cyrillicLetters, value, or: lowered(value + 0x50))
    default: return letter(cyrillicLetters, value, or: .itself)
    }
  }

  private static func lowered(_ value: UInt32) -> Folding { Unicode.Scalar(value).map { .scalar($0) } ?? .itself }

  /// The letter in lower case when it isn't to be taken for a Latin one after all.
  static func own(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x391...0x3A9, 0x410...0x42F: Unicode.Scalar(scalar.value + 0x20) ?? scalar
    case 0x400...0x40F: Unicode.Scalar(scalar.value + 0x50) ?? scalar
    default: scalar
    }
  }

  /// Whether the scalar belongs to a script whose letters can stand among Latin ones without being noticed.
  static func hasLookalikes(_ value: UInt32) -> Bool {
    0x370...0x52F ~= value || 0x561...0x586 ~= value || 0x13A0...0x13FF ~= value
  }

  private static let greekLetters = table("αaιiκkνvοoρpυuχxγyΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXϲcϳj")
  private static let cyrillicLetters = table(
    "аaсcеeһhіiјjкkӏlоoрpԛqѕsуyхxѵvԝwԁdгrАAВBСCЕEНHІIЈJКKМMОOРPЅSТTХXУYԌGԚQԜWҮY")
  private static let armenian = table("օoսuոnհhզqցgյjռn")
  private static let cherokee = table("ᎪAᏴBᏟCᎠDᎬEᎻHᏦKᏞLᎷMᏢPᏒRᏚSᎢTᏙVᎳWᏃZᎥiᏀG")
  private static let romanNumerals = table("ⅠIⅤVⅩXⅬLⅭCⅮDⅯMⅰiⅴvⅹxⅼlⅽcⅾdⅿm")

  /// From pairs: a scalar, then the ASCII letter that it looks like.
  private static func table(_ pairs: String) -> [UInt32: UInt8] {
    var table: [UInt32: UInt8] = [:]
    var from: UInt32?
    for scalar in pairs.unicodeScalars {
      if let known = from {
        table[known] = UInt8(truncatingIfNeeded: scalar.value)
        from = nil
      } else {
        from = scalar.value
      }
    }
    return table
  }

  // One letter for each scalar of a range in its order, `.` for those without: UnicodeData's decompositions, and the
  // letters with strokes.
  private static let latin = [UInt8](
    """
    AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY..aaaaaa.ceeeeiiiidnooooo.ouuuuy.yAaAaAaCcCcCcCcDd\
    DdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi..JjKkkLlLlLl..LlNnNnNn.NnOoOoOo..RrRrRrSsSsSs\
    SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzsb.................f.............Oo.............U\
    u............................AaIiOoUuUuUuUuUueAaAa....GgKkOoOo..j...Gg..NnAa....\
    AaAaEeEeIiIiOoOoRrRrUuUuSsTt..Hh......AaEeOoOoOoOoYy............................
    """.utf8)
  private static let latinAdditional = [UInt8](
    """
    AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMmMmMmNnNnNnNnOoOo\
    OoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVvWwWwWwWwWwXxXxYyZzZzZzhtwy.s....\
    AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEeEeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUu\
    UuYyYyYyYy......
    """.utf8)
  private static let phonetic = [UInt8](
    """
    ..................g.......i.........n...........r..............y.........b..h..l................
    """.utf8)
  private static let modifiers = [UInt8]("h.jr...wy".utf8)
  private static let phoneticExtensions = [UInt8](
    """
    a...cd.e..jk.m.o........p..tu...vwz.........A.B.DE.GHIJKLMN.O.PRTUWa...bde...g.km.o...ptu..v......iruv\
    ......................................................c...f..........................z....
    """.utf8)
  private static let raised = [UInt8]("0i..456789.....n0123456789......aeox.hklmnpst...".utf8)
  private static let letterlike = [UInt8](
    "..C.......gHHHh.IILl.N...PQRRR......Z...Z.K.BC.eEF.Mo....i...........Ddeij......".utf8)
}
