/// The order of keys in yaml.v2: runs of digits by their value, letters after what is none.
enum NaturalOrder {
  static func areAscending(_ a: String, _ b: String) -> Bool {
    let (x, y) = (Array(a.unicodeScalars), Array(b.unicodeScalars))
    var isInDigits = false
    for index in 0..<min(x.count, y.count) {
      if x[index] == y[index] {
        isInDigits = isDigit(x[index])
        continue
      }
      switch (isLetter(x[index]), isLetter(y[index])) {
      case (true, true): return x[index] < y[index]
      case (true, false): return isInDigits
      case (false, true): return !isInDigits
      case (false, false): break
      }
      var (xValue, yValue): (Int64, Int64) = (0, 0)
      if x[index] == "0" || y[index] == "0" {
        var before = index - 1
        while before >= 0, isDigit(x[before]) {
          if x[before] != "0" {
            (xValue, yValue) = (1, 1)
            break
          }
          before -= 1
        }
      }
      let xEnd = run(x, from: index, &xValue)
      let yEnd = run(y, from: index, &yValue)
      if xValue != yValue { return xValue < yValue }
      if xEnd != yEnd { return xEnd < yEnd }
      return x[index] < y[index]
    }
    return x.count < y.count
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .decimalNumber }

  private static func run(_ text: [Unicode.Scalar], from start: Int, _ value: inout Int64) -> Int {
    var index = start
    while index < text.count, isDigit(text[index]) {
      value = value &* 10 &+ Int64(text[index].value) &- 48
      index += 1
    }
    return index
  }
}
