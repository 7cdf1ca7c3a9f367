extension UInt8 {
  /// In lower case when it is a capital ASCII letter; else itself.
  var asciiLowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}
