import Testing

@testable import RegoLite

@Suite struct UnitsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      units.parse("1") -> 1
      units.parse("1.5K") -> 1500
      units.parse("10m") -> 0.0100000000
      units.parse("1M") -> 1000000
      units.parse("1Mi") -> 1048576
      units.parse("1mi") -> 1048576
      units.parse("1MI") -> 1048576
      units.parse("5e3") -> 5000
      units.parse("1e-3K") -> 1
      units.parse("1E") -> 1000000000000000000
      units.parse("1e") -> 1000000000000000000
      units.parse("1Ei") -> 1152921504606846976
      units.parse("1ei") -> 1152921504606846976
      units.parse("1e3Ki") -> 1024000
      units.parse("1E3Ki") -> 1024000
      units.parse("") -> eval_builtin_error: units.parse: no amount provided
      units.parse("K") -> eval_builtin_error: units.parse: no amount provided
      units.parse("1 K") -> eval_builtin_error: units.parse: spaces not allowed in resource strings
      units.parse("1KB") -> eval_builtin_error: units.parse: unit Kb not recognized
      units.parse("\"1K\"") -> 1000
      units.parse("-1K") -> -1000
      units.parse("+1K") -> 1000
      units.parse("1.2.3K") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("0.1") -> 0.1000000000
      units.parse("1/3K") -> eval_builtin_error: units.parse: unit /3k not recognized
      units.parse("1P") -> 1000000000000000
      units.parse("1Pi") -> 1125899906842624
      units.parse("1T") -> 1000000000000
      units.parse("1G") -> 1000000000
      units.parse("1Gi") -> 1073741824
      units.parse("1Ti") -> 1099511627776
      units.parse("0.5m") -> 0.0005000000
      units.parse("1_0") -> eval_builtin_error: units.parse: unit _0 not recognized
      units.parse("0x10") -> eval_builtin_error: units.parse: unit x10 not recognized
      units.parse(".5K") -> 500
      units.parse("5.K") -> 5000
      units.parse("1e1000000") -> eval_builtin_error: units.parse: exponent too large
      units.parse("1e-1000000") -> eval_builtin_error: units.parse: exponent too large
      units.parse("é") -> eval_builtin_error: units.parse: no amount provided
      units.parse("1e3") -> 1000
      units.parse("1e+3K") -> 1000000
      units.parse(1) -> eval_type_error: operand 1 must be string but got number
      units.parse("123456789012345678901234567890") -> 123456789012345678901234567890
      units.parse("0.333333333333333333333333333") -> 0.3333333333
      units.parse("+-1K") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("1-2") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("1+2K") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("--1") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("-") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse(".") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("1e+") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("1e-") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("1e-309m") -> 0.0000000000
      units.parse("1E5E") -> 100000000000000000000000
      units.parse("1ee") -> eval_builtin_error: units.parse: unit ee not recognized
      units.parse("1e5e") -> 100000000000000000000000
      units.parse("1.5e3.5") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("1e0000000000000000003") -> eval_builtin_error: units.parse: exponent too large
      units.parse("0.00000000005") -> 0.0000000001
      units.parse("0.00000000015") -> 0.0000000002
      units.parse("-0.00000000005") -> -0.0000000001
      units.parse("1e1.5K") -> eval_builtin_error: units.parse: could not parse amount to a number
      units.parse("1\tK") -> eval_builtin_error: units.parse: unit 	k not recognized
      units.parse("１K") -> eval_builtin_error: units.parse: no amount provided
      units.parse("0e99999") -> 0
      units.parse_bytes("1") -> 1
      units.parse_bytes("1KB") -> 1000
      units.parse_bytes("1kib") -> 1024
      units.parse_bytes("1.5MB") -> 1500000
      units.parse_bytes("1b") -> eval_builtin_error: units.parse_bytes: byte unit b not recognized
      units.parse_bytes("1.5") -> 1
      units.parse_bytes("1.5B") -> eval_builtin_error: units.parse_bytes: byte unit b not recognized
      units.parse_bytes("0.1KiB") -> 102
      units.parse_bytes("1GB") -> 1000000000
      units.parse_bytes("1PiB") -> 1125899906842624
      units.parse_bytes("1EiB") -> 1152921504606846976
      units.parse_bytes("1EB") -> 1000000000000000000
      units.parse_bytes("1E") -> 1000000000000000000
      units.parse_bytes("1e3KB") -> 1000000
      units.parse_bytes("") -> eval_builtin_error: units.parse_bytes: no byte amount provided
      units.parse_bytes("KB") -> eval_builtin_error: units.parse_bytes: no byte amount provided
      units.parse_bytes("1 KB") -> eval_builtin_error: units.parse_bytes: spaces not allowed in resource strings
      units.parse_bytes("\"1KB\"") -> 1000
      units.parse_bytes("1m") -> 1000000
      units.parse_bytes("1x") -> eval_builtin_error: units.parse_bytes: byte unit x not recognized
      units.parse_bytes("-1.5KB") -> -1500
      units.parse_bytes("1e-3K") -> 0
      units.parse_bytes("1.2.3K") -> eval_builtin_error: units.parse_bytes: could not parse byte amount to a number
      units.parse_bytes("1e") -> 1000000000000000000
      units.parse_bytes(1) -> eval_type_error: operand 1 must be string but got number
      units.parse_bytes("0.5TiB") -> 549755813888
      units.parse_bytes("1t") -> 1000000000000
      units.parse_bytes("1ti") -> 1099511627776
      units.parse_bytes("123456789012345678901234567891") -> 123456789012345678899921813504
      units.parse_bytes("1.1KiB") -> 1126
      units.parse_bytes("0.3MB") -> 300000
      units.parse_bytes("1e1000000") -> eval_builtin_error: units.parse_bytes: exponent too large
      units.parse_bytes("1.0000000000000000000000001KB") -> 1000
      units.parse_bytes("99999999999999999999.5") -> 100000000000000000000
      units.parse_bytes("1é") -> eval_builtin_error: units.parse_bytes: byte unit é not recognized
      units.parse_bytes("-0.5") -> 0
      units.parse_bytes("0.7GB") -> 700000000
      units.parse_bytes("2.3TiB") -> 2528876743884
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
