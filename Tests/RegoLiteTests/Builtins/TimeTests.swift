import FoundationEssentials
import Testing

@testable import RegoLite

@Suite struct TimeTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      time.date(0) -> [1970, 1, 1]
      time.date(-1) -> [1969, 12, 31]
      time.date(1.5) -> eval_builtin_error: timestamp too big
      time.date(1.0) -> [1970, 1, 1]
      time.date("x") -> eval_type_error: operand 1 must be either number (ns) or [number (ns), string (tz)] but got st\#
      ring
      time.date([1]) -> [1970, 1, 1]
      time.date([0, "UTC"]) -> [1970, 1, 1]
      time.date([0, "utc"]) -> eval_builtin_error: unknown time zone utc
      time.date([0, ""]) -> [1970, 1, 1]
      time.date([0, "Nowhere/City"]) -> eval_builtin_error: unknown time zone Nowhere/City
      time.date([0, "../etc/passwd"]) -> eval_builtin_error: time: invalid location name
      time.date([0, "/etc/localtime"]) -> eval_builtin_error: time: invalid location name
      time.date([0, "Europe"]) -> eval_builtin_error: is a directory
      time.date([0, "america/new_york"]) -> eval_builtin_error: unknown time zone america/new_york
      time.date([0, "America/New_York"]) -> [1969, 12, 31]
      time.date([0, "a\\b"]) -> eval_builtin_error: unknown time zone a\b
      time.date([0, "EST"]) -> [1969, 12, 31]
      time.date([0, "EST5EDT"]) -> [1969, 12, 31]
      time.date([0, "+05:00"]) -> eval_builtin_error: unknown time zone +05:00
      time.date([0, "Europe/../UTC"]) -> eval_builtin_error: time: invalid location name
      time.date([0, "zone.tab"]) -> eval_builtin_error: malformed time zone information
      time.date([0, 1]) -> eval_type_error: operand 1 must be string but got number
      time.date(["a", "UTC"]) -> eval_type_error: operand 1 must be number but got string
      time.date([0, "UTC", "x"]) -> [1970, 1, 1]
      time.date([]) -> eval_type_error: operand 1 must be either number (ns) or [number (ns), string (tz)] but got array
      time.date([0, "UTC", "x", "y"]) -> [1970, 1, 1]
      time.date(9223372036854775807) -> [2262, 4, 11]
      time.date(-9223372036854775808) -> [1677, 9, 21]
      time.date(9223372036854775808) -> eval_builtin_error: timestamp too big
      time.date(-9223372036854775809) -> eval_builtin_error: timestamp too big
      time.date(true) -> eval_type_error: operand 1 must be either number (ns) or [number (ns), string (tz)] but got b\#
      oolean
      time.date({}) -> eval_type_error: operand 1 must be either number (ns) or [number (ns), string (tz)] but got obj\#
      ect
      time.date(null) -> eval_type_error: operand 1 must be either number (ns) or [number (ns), string (tz)] but got n\#
      ull
      time.clock(9223372036854775807) -> [23, 47, 16]
      time.clock(-9223372036854775808) -> [0, 12, 43]
      time.clock(-1) -> [23, 59, 59]
      time.clock([1711846799999999999, "Europe/Berlin"]) -> [1, 59, 59]
      time.clock([1711846800000000000, "Europe/Berlin"]) -> [3, 0, 0]
      time.clock([1729987199999999999, "Europe/Berlin"]) -> [1, 59, 59]
      time.clock([1729990800000000000, "Europe/Berlin"]) -> [2, 0, 0]
      time.clock([9223372036854775807, "Europe/Berlin"]) -> [1, 47, 16]
      time.clock([-9223372036854775808, "Europe/Berlin"]) -> [1, 6, 11]
      time.clock([4102444800000000000, "Australia/Sydney"]) -> [11, 0, 0]
      time.clock([4117132800000000000, "Australia/Sydney"]) -> [10, 0, 0]
      time.clock([0, "Asia/Kathmandu"]) -> [5, 30, 0]
      time.clock([0, "Africa/Monrovia"]) -> [23, 15, 30]
      time.clock([4102444800000000000, "Africa/Casablanca"]) -> [1, 0, 0]
      time.clock([4102444800000000000, "Europe/Dublin"]) -> [0, 0, 0]
      time.clock([4118083200000000000, "Europe/Dublin"]) -> [1, 0, 0]
      time.clock([4118083200000000000, "America/Godthab"]) -> [23, 0, 0]
      time.clock([4118083200000000000, "Asia/Gaza"]) -> [3, 0, 0]
      time.clock([4118083200000000000, "America/Santiago"]) -> [20, 0, 0]
      time.weekday(-1) -> "Wednesday"
      time.weekday([0, "Pacific/Apia"]) -> "Wednesday"
      time.weekday([0, "x/y"]) -> eval_builtin_error: unknown time zone x/y
      time.weekday("x") -> eval_type_error: operand 1 must be either number (ns) or [number (ns), string (tz)] but go\#
      t string
      """#))
  func readsClocks(_ call: BuiltinCase) { call.check() }

  @Test(
    arguments: BuiltinCase.table(
      #"""
      time.add_date(0, 1, 1, 1) -> 34300800000000000
      time.add_date([0, "Europe/Berlin"], 1, 1, 1) -> 34300800000000000
      time.add_date(1582977600000000000, 1, 0, 0) -> 1614600000000000000
      time.add_date(1582977600000000000, 0, 1, 0) -> 1585483200000000000
      time.add_date(1580428800000000000, 0, 1, 0) -> 1583107200000000000
      time.add_date(0, 0, -1, -1) -> -2764800000000000
      time.add_date(0, 0, 0, -1000000) -> eval_builtin_error: time outside of valid range
      time.add_date(0, 2262, 0, 0) -> eval_builtin_error: time outside of valid range
      time.add_date(0, 300, 0, 0) -> eval_builtin_error: time outside of valid range
      time.add_date(0, -300, 0, 0) -> eval_builtin_error: time outside of valid range
      time.add_date(9223372036854775807, 0, 0, 0) -> 9223372036854775807
      time.add_date(9223372036854775807, 0, 0, 1) -> eval_builtin_error: time outside of valid range
      time.add_date(-9223372036854775808, 0, 0, 0) -> -9223372036854775808
      time.add_date(-9223372036854775808, 0, 0, -1) -> eval_builtin_error: time outside of valid range
      time.add_date(0, 9223372036854775807, 0, 0) -> -31487616000000000
      time.add_date(0, 0, 9223372036854775807, 0) -> -2688768000000000
      time.add_date(0, 0, 0, 9223372036854775807) -> -86400000000000
      time.add_date(0, 0, 0, -9223372036854775808) -> 0
      time.add_date(0, -9223372036854775808, 0, 0) -> 48384000000000
      time.add_date(0, 0, -9223372036854775808, 0) -> -152064000000000
      time.add_date(0, 0, -9223372036854775807, 0) -> 2526336000000000
      time.add_date(0, -9223372036854775808, -9223372036854775808, -9223372036854775808) -> -200448000000000
      time.add_date(0, 1.5, 0, 0) -> eval_type_error: operand 2 must be integer number but got floating-point number
      time.add_date(0, "x", 0, 0) -> eval_type_error: operand 2 must be number but got string
      time.add_date("x", "x", 0, 0) -> eval_type_error: operand 1 must be either number (ns) or [number (ns), string (\#
      tz)] but got string
      time.add_date(0, 0, 13, 40) -> 37670400000000000
      time.add_date([1711756800000000000, "Europe/Berlin"], 0, 0, 1) -> 1711843200000000000
      time.add_date([1711764000000000000, "Europe/Berlin"], 0, 0, 1) -> 1711846800000000000
      time.add_date([1729899000000000000, "Europe/Berlin"], 0, 0, 1) -> 1729985400000000000
      time.add_date([1325239200000000000, "Pacific/Apia"], 0, 0, 1) -> 1325325600000000000
      time.add_date([0, "Europe/Berlin", "x"], 0, 0, 1) -> 86400000000000
      time.diff(0, 0) -> [0, 0, 0, 0, 0, 0]
      time.diff(0, 9223372036854775807) -> [292, 3, 10, 23, 47, 16]
      time.diff(-9223372036854775808, 9223372036854775807) -> [584, 6, 20, 23, 34, 33]
      time.diff([1711846800000000000, "Europe/Berlin"], [1711756800000000000, "Europe/Berlin"]) -> [0, 0, 1, 2, 0, 0]
      time.diff([1729990800000000000, "Europe/Berlin"], [1729900800000000000, "America/New_York"]) -> [0, 0, 1, 0, 0, 0]
      time.diff(1582977600000000000, 1614556800000000000) -> [1, 0, 0, 12, 0, 0]
      time.diff(1580428800000000000, 1583020800000000000) -> [0, 1, 1, 0, 0, 0]
      time.diff(1580515199000000000, 1583020800000000001) -> [0, 1, 0, 0, 0, 1]
      time.diff(1, 0) -> [0, 0, 0, 0, 0, 0]
      time.diff("x", 0) -> eval_type_error: operand 1 must be either number (ns) or [number (ns), string (tz)] but go\#
      t string
      time.diff(0, [1]) -> [0, 0, 0, 0, 0, 0]
      time.diff([0, "x"], [1]) -> eval_builtin_error: unknown time zone x
      """#))
  func addsDates(_ call: BuiltinCase) { call.check() }

  @Test(
    arguments: BuiltinCase.table(
      #"""
      time.format(0) -> "1970-01-01T00:00:00Z"
      time.format(-1) -> "1969-12-31T23:59:59.999999999Z"
      time.format(1500000000) -> "1970-01-01T00:00:01.5Z"
      time.format(1.5) -> eval_builtin_error: timestamp too big
      time.format([0, "Europe/Berlin"]) -> "1970-01-01T01:00:00+01:00"
      time.format([0, ""]) -> "1970-01-01T00:00:00Z"
      time.format([0, "Nowhere"]) -> eval_builtin_error: unknown time zone Nowhere
      time.format([0, "UTC", ""]) -> "1970-01-01T00:00:00Z"
      time.format([0, "UTC", 1]) -> eval_type_error: operand 1 must be string but got number
      time.format([0, "UTC", "ANSIC"]) -> "Thu Jan  1 00:00:00 1970"
      time.format([0, "UTC", "UnixDate"]) -> "Thu Jan  1 00:00:00 UTC 1970"
      time.format([0, "Europe/Berlin", "RubyDate"]) -> "Thu Jan 01 01:00:00 +0100 1970"
      time.format([0, "Europe/Berlin", "RFC822"]) -> "01 Jan 70 01:00 CET"
      time.format([0, "Europe/Berlin", "RFC822Z"]) -> "01 Jan 70 01:00 +0100"
      time.format([0, "Europe/Berlin", "RFC850"]) -> "Thursday, 01-Jan-70 01:00:00 CET"
      time.format([0, "Europe/Berlin", "RFC1123"]) -> "Thu, 01 Jan 1970 01:00:00 CET"
      time.format([0, "Europe/Berlin", "RFC1123Z"]) -> "Thu, 01 Jan 1970 01:00:00 +0100"
      time.format([0, "Europe/Berlin", "RFC3339"]) -> "1970-01-01T01:00:00+01:00"
      time.format([123456789, "Europe/Berlin", "RFC3339Nano"]) -> "1970-01-01T01:00:00.123456789+01:00"
      time.format([0, "Europe/Berlin", "Kitchen"]) -> "Kitchen"
      time.format([0, "Europe/Berlin", "Stamp"]) -> "Stamp"
      time.format([0, "Europe/Berlin", "StampMilli"]) -> "StampMilli"
      time.format([0, "Europe/Berlin", "StampMicro"]) -> "StampMicro"
      time.format([0, "Europe/Berlin", "StampNano"]) -> "StampNano"
      time.format([0, "Europe/Berlin", "DateTime"]) -> "DateTime"
      time.format([0, "Europe/Berlin", "DateOnly"]) -> "DateOnly"
      time.format([0, "Europe/Berlin", "TimeOnly"]) -> "TimeOnly"
      time.format([0, "Europe/Berlin", "Layout"]) -> "Layout"
      time.format([0, "UTC", "2006 06 01 1 Jan January 02 2 _2 __2 002 15 03 3 04 4 05 5 PM pm .000 .999 ,000 -0700 -0\#
      7:00 -07 -070000 -07:00:00 Z0700 Z07:00 Z07 Z070000 Z07:00:00 MST Mon Monday"]) -> "1970 70 01 1 Jan January 01 \#
      1  1   1 001 00 12 12 00 0 00 0 AM am .000  ,000 +0000 +00:00 +00 +000000 +00:00:00 Z Z Z Z Z UTC Thu Thursday"
      time.format([1234567891234567890, "Asia/Kathmandu", "2006 06 01 1 Jan January 02 2 _2 __2 002 15 03 3 04 4 05 5 \#
      PM pm .000 05.000 05.999 05,000000 05.000000000 -0700 -07:00 -07 -070000 -07:00:00 Z0700 Z07:00 Z07 Z070000 Z07:\#
      00:00 MST Mon Monday"]) -> "2009 09 02 2 Feb February 14 14 14  45 045 05 05 5 16 16 31 31 AM am .234 31.234 31.\#
      234 31,234567 31.234567890 +0545 +05:45 +05 +054500 +05:45:00 +0545 +05:45 +05 +054500 +05:45:00 +0545 Sat Satur\#
      day"
      time.format([-2000000000000000000, "America/New_York", "2006-01-02T15:04:05.999999999Z07:00:00 MST"]) -> "1906-0\#
      8-16T15:26:40-05:00:00 EST"
      time.format([-5000000000000000000, "America/New_York", "2006-01-02T15:04:05.999999999Z07:00:00 -07:00 MST"]) -> \#
      "1811-07-23T10:10:38-04:56:02 -04:56 LMT"
      time.format([4102444800000000000, "Australia/Sydney", "2006-01-02T15:04:05 MST"]) -> "2100-01-01T11:00:00 AEDT"
      time.format([4102444800000000000, "America/Sao_Paulo", "2006-01-02T15:04:05 MST"]) -> "2099-12-31T21:00:00 -03"
      time.format([0, "UTC", "Janu Mond 0 1 2 3 4 5 6 7 Januaryy 20066 _20066 .0001 05.0001 x002x Monx"]) -> "Janu Mon\#
      d 0 1 1 12 0 0 6 7 Januaryy 19706 _19706 .0001 00.0001 x001x Monx"
      time.format([0, "UTC", "Janx Monx MSTx 2x 02x"]) -> "Janx Monx UTCx 1x 01x"
      time.format([9223372036854775807, "UTC", "RFC3339Nano"]) -> "2262-04-11T23:47:16.854775807Z"
      time.format([-9223372036854775808, "Asia/Tokyo", "RFC3339Nano"]) -> "1677-09-21T09:31:42.145224192+09:18"
      """#))
  func formatsAsGo(_ call: BuiltinCase) { call.check() }

  @Test(
    arguments: BuiltinCase.table(
      #"""
      time.parse_rfc3339_ns("2006-01-02T15:04:05Z") -> 1136214245000000000
      time.parse_rfc3339_ns("2006-01-02T15:04:05.999999999999Z") -> 1136214245999999999
      time.parse_rfc3339_ns("2006-01-02T15:04:05,5Z") -> 1136214245500000000
      time.parse_rfc3339_ns("2006-01-02t15:04:05z") -> eval_builtin_error: parsing time "2006-01-02t15:04:05z" as "200\#
      6-01-02T15:04:05Z07:00": cannot parse "t15:04:05z" as "T"
      time.parse_rfc3339_ns("2006-01-02T5:04:05Z") -> 1136178245000000000
      time.parse_rfc3339_ns("2006-02-30T15:04:05Z") -> eval_builtin_error: parsing time "2006-02-30T15:04:05Z": day ou\#
      t of range
      time.parse_rfc3339_ns("2006-13-01T15:04:05Z") -> eval_builtin_error: parsing time "2006-13-01T15:04:05Z": month \#
      out of range
      time.parse_rfc3339_ns("2006-01-02T24:00:00Z") -> eval_builtin_error: parsing time "2006-01-02T24:00:00Z": hour o\#
      ut of range
      time.parse_rfc3339_ns("2006-01-02T15:60:00Z") -> eval_builtin_error: parsing time "2006-01-02T15:60:00Z": minut\#
      e out of range
      time.parse_rfc3339_ns("2006-01-02T15:04:60Z") -> eval_builtin_error: parsing time "2006-01-02T15:04:60Z": secon\#
      d out of range
      time.parse_rfc3339_ns("2006-01-02T15:04:05+24:00") -> 1136127845000000000
      time.parse_rfc3339_ns("2006-01-02T15:04:05+25:00") -> eval_builtin_error: parsing time "2006-01-02T15:04:05+25:0\#
      0": time zone offset hour out of range
      time.parse_rfc3339_ns("2006-01-02T15:04:05+05:60") -> 1136192645000000000
      time.parse_rfc3339_ns("2006-01-02T15:04:05+05:61") -> eval_builtin_error: parsing time "2006-01-02T15:04:05+05:6\#
      1": time zone offset minute out of range
      time.parse_rfc3339_ns("2006-01-02T15:04:05") -> eval_builtin_error: parsing time "2006-01-02T15:04:05" as "2006-\#
      01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"
      time.parse_rfc3339_ns("") -> eval_builtin_error: parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "\#
      " as "2006"
      time.parse_rfc3339_ns("2006-01-02T15:04:05Zx") -> eval_builtin_error: parsing time "2006-01-02T15:04:05Zx": extr\#
      a text: "x"
      time.parse_rfc3339_ns("0001-01-01T00:00:00Z") -> eval_builtin_error: time outside of valid range
      time.parse_rfc3339_ns("1677-09-21T00:12:43.145224192Z") -> -9223372036854775808
      time.parse_rfc3339_ns("1677-09-21T00:12:43.145224191Z") -> eval_builtin_error: time outside of valid range
      time.parse_rfc3339_ns("2262-04-11T23:47:16.854775807Z") -> 9223372036854775807
      time.parse_rfc3339_ns("9999-12-31T23:59:59Z") -> eval_builtin_error: time outside of valid range
      time.parse_rfc3339_ns(1) -> eval_type_error: operand 1 must be string but got number
      time.parse_rfc3339_ns("\"\u0000é\u00ad") -> eval_builtin_error: parsing time "\"\x00\xc3\xa9\xc2\xad" as "2006-0\#
      1-02T15:04:05Z07:00": cannot parse "\"\x00\xc3\xa9\xc2\xad" as "2006"
      time.parse_ns("2006", "2020") -> 1577836800000000000
      time.parse_ns("x", "y") -> eval_builtin_error: parsing time "y" as "x": cannot parse "y" as "x"
      time.parse_ns("", "") -> eval_builtin_error: time outside of valid range
      time.parse_ns("", "a") -> eval_builtin_error: parsing time "a": extra text: "a"
      time.parse_ns("RFC3339", "2006-01-02T15:04:05Z") -> 1136214245000000000
      time.parse_ns("RFC822", "02 Jan 06 15:04 MST") -> 1136214240000000000
      time.parse_ns("RFC822", "02 Jan 06 15:04 XYZ") -> 1136214240000000000
      time.parse_ns("RFC1123", "Mon, 02 Jan 2006 15:04:05 GMT+3") -> 1136214245000000000
      time.parse_ns("RFC1123", "Mon, 02 Jan 2006 15:04:05 CEST") -> 1136214245000000000
      time.parse_ns("RFC1123", "Mon, 02 Jan 2006 15:04:05 +03") -> 1136214245000000000
      time.parse_ns("RFC1123", "Mon, 02 Jan 2006 15:04:05 xyz") -> eval_builtin_error: parsing time "Mon, 02 Jan 2006 \#
      15:04:05 xyz" as "Mon, 02 Jan 2006 15:04:05 MST": cannot parse "xyz" as "MST"
      time.parse_ns("RFC1123", "Fri, 02 Jan 2006 15:04:05 UTC") -> 1136214245000000000
      time.parse_ns("Kitchen", "3:04PM") -> eval_builtin_error: parsing time "3:04PM" as "Kitchen": cannot parse "3:04\#
      PM" as "Kitchen"
      time.parse_ns("Kitchen", "13:04PM") -> eval_builtin_error: parsing time "13:04PM" as "Kitchen": cannot parse "13\#
      :04PM" as "Kitchen"
      time.parse_ns("2006-01-02 Kitchen 3:04PM", "2020-01-02 Kitchen 12:04AM") -> 1577923440000000000
      time.parse_ns("2006-01-02 03:04 PM", "2020-01-02 12:04 PM") -> 1577966640000000000
      time.parse_ns("2006-01-02 03:04 pm", "2020-01-02 12:04 PM") -> eval_builtin_error: parsing time "2020-01-02 12:0\#
      4 PM" as "2006-01-02 03:04 pm": cannot parse "PM" as "pm"
      time.parse_ns("2006-01-02 03:04 pm", "2020-01-02 12:04 am") -> 1577923440000000000
      time.parse_ns("2006-002", "2020-060") -> 1582934400000000000
      time.parse_ns("2006-002", "2020-366") -> 1609372800000000000
      time.parse_ns("2006-002", "2021-366") -> eval_builtin_error: parsing time "2021-366": day-of-year out of range
      time.parse_ns("2006-002 01", "2020-060 02") -> 1582934400000000000
      time.parse_ns("2006-002 01", "2020-060 03") -> eval_builtin_error: parsing time "2020-060 03": day-of-year does \#
      not match month
      time.parse_ns("06", "69") -> -31536000000000000
      time.parse_ns("06", "68") -> 3092601600000000000
      time.parse_ns("2006 Jan _2", "2020 feb  9") -> 1581206400000000000
      time.parse_ns("2006 January 2", "2020 MARCH 9") -> 1583712000000000000
      time.parse_ns("2006 January 2", "2020 Smarch 9") -> eval_builtin_error: parsing time "2020 Smarch 9" as "2006 Ja\#
      nuary 2": cannot parse "Smarch 9" as "January"
      time.parse_ns("2006-1-2 15:4:5", "2020-1-2 3:4:5.678") -> 1577934245678000000
      time.parse_ns("2006-1-2 15:4:5", "2020-1-2 3:4:5,678") -> 1577934245678000000
      time.parse_ns("2006-1-2 15:4:5.000", "2020-1-2 3:4:5.67") -> eval_builtin_error: parsing time "2020-1-2 3:4:5.67\#
      " as "2006-1-2 15:4:5.000": cannot parse ".67" as ".000"
      time.parse_ns("2006-1-2 15:4:5.999", "2020-1-2 3:4:5.67") -> 1577934245670000000
      time.parse_ns("2006-1-2 15:4:5.999", "2020-1-2 3:4:5") -> 1577934245000000000
      time.parse_ns("2006-1-2 15:4:5 -07", "2020-1-2 3:4:5 +02") -> 1577927045000000000
      time.parse_ns("2006-1-2 15:4:5 -0700", "2020-1-2 3:4:5 +0230") -> 1577925245000000000
      time.parse_ns("2006-1-2 15:4:5 -07:00:00", "2020-1-2 3:4:5 +02:30:15") -> 1577925230000000000
      time.parse_ns("2006-1-2 15:4:5 Z0700", "2020-1-2 3:4:5 Z") -> 1577934245000000000
      time.parse_ns("2006-1-2 15:4:5 Z070000", "2020-1-2 3:4:5 -000001") -> 1577934245000000000
      time.parse_ns("2006-1-2 15:4:5 -0700", "2020-1-2 3:4:5 x0230") -> eval_builtin_error: parsing time "2020-1-2 3:4\#
      :5 x0230" as "2006-1-2 15:4:5 -0700": cannot parse "x0230" as "-0700"
      time.parse_ns("2006-1-2 15:4:5 -0700", "2020-1-2 3:4:5 +2530") -> eval_builtin_error: parsing time "2020-1-2 3:4\#
      :5 +2530": time zone offset hour out of range
      time.parse_ns("2006-01-02", "2021-02-29") -> eval_builtin_error: parsing time "2021-02-29": day out of range
      time.parse_ns("2006-01-02", "2021-00-29") -> eval_builtin_error: parsing time "2021-00-29": month out of range
      time.parse_ns("2006-01-02", "2021-01-00") -> eval_builtin_error: parsing time "2021-01-00": day out of range
      time.parse_ns("2006-01-02", "2021-1-02") -> eval_builtin_error: parsing time "2021-1-02" as "2006-01-02": canno\#
      t parse "1-02" as "01"
      time.parse_ns("2006-01-02", "2021-01-02 ") -> eval_builtin_error: parsing time "2021-01-02 ": extra text: " "
      time.parse_ns("2006-01-02", "20x1-01-02") -> eval_builtin_error: parsing time "20x1-01-02" as "2006-01-02": cann\#
      ot parse "20x1-01-02" as "2006"
      time.parse_ns("2006-01-02 MST", "2021-01-02 WIB") -> 1609545600000000000
      time.parse_ns("2006-01-02 MST -0700", "2021-01-02 WIB +0700") -> 1609520400000000000
      time.parse_ns("2006-01-02", "+021-01-02") -> eval_builtin_error: parsing time "+021-01-02" as "2006-01-02": cann\#
      ot parse "+021-01-02" as "2006"
      time.parse_ns("Mon Jan 2 2006", "Tue Feb 2 2021") -> 1612224000000000000
      time.parse_ns("Monday Jan 2 2006", "tuesday Feb 2 2021") -> 1612224000000000000
      time.parse_ns("Monday Jan 2 2006", "Tue Feb 2 2021") -> eval_builtin_error: parsing time "Tue Feb 2 2021" as "Mo\#
      nday Jan 2 2006": cannot parse "Tue Feb 2 2021" as "Monday"
      time.parse_ns("2006  01", "2020 01") -> 1577836800000000000
      time.parse_ns("2006 01", "2020  01") -> 1577836800000000000
      time.parse_ns("2006-01-02T15:04:05.000000000Z07:00", "2020-01-01T00:00:00.123456789+01:00") -> 1577833200123456789
      time.parse_ns("2006-01-02 15", "2020-01-01 24") -> eval_builtin_error: parsing time "2020-01-01 24": hour out o\#
      f range
      time.parse_ns("2006-01-02 03 PM", "2020-01-01 13 PM") -> eval_builtin_error: parsing time "2020-01-01 13 PM": ho\#
      ur out of range
      time.parse_ns(1, "x") -> eval_type_error: operand 1 must be string but got number
      time.parse_ns("x", 1) -> eval_type_error: operand 2 must be string but got number
      """#))
  func parsesAsGo(_ call: BuiltinCase) { call.check() }

  @Test(
    arguments: BuiltinCase.table(
      #"""
      time.parse_duration_ns("1h2m3s4ms5us6ns") -> 3723004005006
      time.parse_duration_ns("1.5h") -> 5400000000000
      time.parse_duration_ns("-1.5h") -> -5400000000000
      time.parse_duration_ns("+5s") -> 5000000000
      time.parse_duration_ns("0") -> 0
      time.parse_duration_ns("") -> eval_builtin_error: time: invalid duration ""
      time.parse_duration_ns("5") -> eval_builtin_error: time: missing unit in duration "5"
      time.parse_duration_ns("5x") -> eval_builtin_error: time: unknown unit "x" in duration "5x"
      time.parse_duration_ns("s") -> eval_builtin_error: time: invalid duration "s"
      time.parse_duration_ns(".s") -> eval_builtin_error: time: invalid duration ".s"
      time.parse_duration_ns(".5s") -> 500000000
      time.parse_duration_ns("5.s") -> 5000000000
      time.parse_duration_ns("1µs") -> 1000
      time.parse_duration_ns("1μs") -> 1000
      time.parse_duration_ns("9223372036854775807ns") -> 9223372036854775807
      time.parse_duration_ns("9223372036854775808ns") -> eval_builtin_error: time: invalid duration "92233720368547758\#
      08ns"
      time.parse_duration_ns("-9223372036854775808ns") -> -9223372036854775808
      time.parse_duration_ns("-9223372036854775809ns") -> eval_builtin_error: time: invalid duration "-922337203685477\#
      5809ns"
      time.parse_duration_ns("99999999999999999999h") -> eval_builtin_error: time: invalid duration "99999999999999999\#
      999h"
      time.parse_duration_ns("2562048h") -> eval_builtin_error: time: invalid duration "2562048h"
      time.parse_duration_ns("0.000000000000000000001h") -> 0
      time.parse_duration_ns("0.9999999999999999999999h") -> 3600000000000
      time.parse_duration_ns("1d") -> 86400000000000
      time.parse_duration_ns("1w") -> 604800000000000
      time.parse_duration_ns("1y") -> 31536000000000000
      time.parse_duration_ns("1d2h") -> 93600000000000
      time.parse_duration_ns("1\"h") -> eval_builtin_error: time: unknown unit "\"h" in duration "1\"h"
      time.parse_duration_ns("1é") -> eval_builtin_error: time: unknown unit "\xc3\xa9" in duration "1\xc3\xa9"
      time.parse_duration_ns("-") -> eval_builtin_error: time: invalid duration "-"
      time.parse_duration_ns("1h 2m") -> eval_builtin_error: time: unknown unit "h " in duration "1h 2m"
      time.parse_duration_ns("1H") -> eval_builtin_error: time: unknown unit "H" in duration "1H"
      time.parse_duration_ns(1) -> eval_type_error: operand 1 must be string but got number
      time.parse_duration_ns("1mo") -> eval_builtin_error: time: unknown unit "mo" in duration "1mo"
      time.parse_duration_ns("1M") -> eval_builtin_error: time: unknown unit "M" in duration "1M"
      time.parse_duration_ns("1.5d") -> 129600000000000
      time.parse_duration_ns("1h1d") -> 90000000000000
      time.parse_duration_ns("-1d") -> -86400000000000
      time.parse_duration_ns("-1d2h") -> -93600000000000
      time.parse_duration_ns("106751d23h47m16.854775807s") -> 9223372036854775807
      time.parse_duration_ns("106751d23h47m16.854775808s") -> eval_builtin_error: time: invalid duration "106751d23h47\#
      m16.854775808s"
      time.parse_duration_ns("-106751d23h47m16.854775808s") -> -9223372036854775808
      time.parse_duration_ns("106752d") -> eval_builtin_error: time: invalid duration "106752d"
      time.parse_duration_ns("1000y") -> eval_builtin_error: time: invalid duration "1000y"
      time.parse_duration_ns("1y1w1d1h1m1s") -> 32230861000000000
      time.parse_duration_ns("1d1d") -> 172800000000000
      time.parse_duration_ns(".5d") -> 43200000000000
      time.parse_duration_ns("d") -> eval_builtin_error: time: invalid duration "d"
      time.parse_duration_ns("1D") -> eval_builtin_error: time: unknown unit "D" in duration "1D"
      time.parse_duration_ns("1d-2h") -> eval_builtin_error: time: invalid duration "1d-2h"
      time.parse_duration_ns("1dx") -> eval_builtin_error: time: invalid duration "1dx"
      time.parse_duration_ns("1.5y") -> 47304000000000000
      time.parse_duration_ns("-0.5w") -> -302400000000000
      time.parse_duration_ns("0.1d") -> 8640000000000
      time.parse_duration_ns("0.3y") -> 9460800000000000
      time.parse_duration_ns("1hd") -> eval_builtin_error: time: invalid duration "1hd"
      time.parse_duration_ns("5 d") -> eval_builtin_error: time: invalid duration "5 d"
      time.parse_duration_ns("1d\"é") -> eval_builtin_error: time: invalid duration "1d\"é"
      time.parse_duration_ns("1.5.5d") -> eval_builtin_error: time: invalid duration "1.5.5d"
      time.parse_duration_ns("1d0") -> eval_builtin_error: time: invalid duration "1d0"
      time.parse_duration_ns("+1d") -> 86400000000000
      time.parse_duration_ns("+1d-1h") -> eval_builtin_error: time: invalid duration "+1d-1h"
      time.parse_duration_ns("0d") -> 0
      time.parse_duration_ns("-.5d") -> -43200000000000
      time.parse_duration_ns(".d") -> eval_builtin_error: time: invalid duration ".d"
      time.parse_duration_ns("1.d") -> 86400000000000
      time.parse_duration_ns("1d.5h") -> 88200000000000
      time.parse_duration_ns("day") -> eval_builtin_error: time: invalid duration "day"
      time.parse_duration_ns("0.123456789123456789d") -> 10666666580266
      time.parse_duration_ns("0.333333333333333333y") -> 10512000000000000
      time.parse_duration_ns("99999999999999999999d") -> eval_builtin_error: time: invalid duration "99999999999999999\#
      999d"
      time.parse_duration_ns("1.99999999999999999999d") -> 172800000000000
      time.parse_duration_ns("1d1µs") -> 86400000001000
      time.parse_duration_ns("292y") -> 9208512000000000000
      time.parse_duration_ns("293y") -> eval_builtin_error: time: invalid duration "293y"
      time.parse_duration_ns("-292y24w3d23h47m16.854775808s") -> -9223372036854775808
      time.parse_duration_ns("1w1y") -> 32140800000000000
      time.parse_duration_ns("w") -> eval_builtin_error: time: invalid duration "w"
      time.parse_duration_ns("-d") -> eval_builtin_error: time: invalid duration "-d"
      time.parse_duration_ns("1e5d") -> eval_builtin_error: time: unknown unit "e" in duration "1e5d"
      time.parse_duration_ns("1xb1d") -> eval_builtin_error: time: invalid duration "1xb1d"
      time.parse_duration_ns("1X1d") -> eval_builtin_error: time: invalid duration "1X1d"
      time.parse_duration_ns("1m-1d") -> eval_builtin_error: time: invalid duration "1m-1d"
      time.parse_duration_ns("1µ1d") -> eval_builtin_error: time: invalid duration "1µ1d"
      time.parse_duration_ns("1µs1d") -> 86400000001000
      time.parse_duration_ns("1hms1d") -> eval_builtin_error: time: invalid duration "1hms1d"
      time.parse_duration_ns("1mo1d") -> eval_builtin_error: time: invalid duration "1mo1d"
      time.parse_duration_ns("1_1d") -> eval_builtin_error: time: invalid duration "1_1d"
      time.parse_duration_ns("1é1d") -> eval_builtin_error: time: invalid duration "1é1d"
      time.parse_duration_ns("1sµ1d") -> eval_builtin_error: time: invalid duration "1sµ1d"
      time.parse_duration_ns("1ß1d") -> eval_builtin_error: time: invalid duration "1ß1d"
      """#))
  func parsesDurations(_ call: BuiltinCase) { call.check() }

  @Test(
    arguments: BuiltinCase.table(
      #"""
      time.parse_duration_ns("1h2m3.5s4ms5us6ns") -> 3723504005006
      time.parse_duration_ns("-1.5h") -> -5400000000000
      time.parse_duration_ns("") -> eval_builtin_error: time: invalid duration ""
      time.parse_duration_ns("1") -> eval_builtin_error: time: missing unit in duration "1"
      time.parse_duration_ns("0") -> 0
      time.parse_duration_ns("1d") -> 86400000000000
      time.parse_duration_ns("1µs") -> 1000
      time.parse_duration_ns("1μs") -> 1000
      time.parse_duration_ns("+5s") -> 5000000000
      time.parse_duration_ns(".5s") -> 500000000
      time.parse_duration_ns("5.s") -> 5000000000
      time.parse_duration_ns(".s") -> eval_builtin_error: time: invalid duration ".s"
      time.parse_duration_ns("-") -> eval_builtin_error: time: invalid duration "-"
      time.parse_duration_ns("9223372036854775807ns") -> 9223372036854775807
      time.parse_duration_ns("9223372036854775808ns") -> eval_builtin_error: time: invalid duration "9223372036854\#
      775808ns"
      time.parse_duration_ns("-9223372036854775808ns") -> -9223372036854775808
      time.parse_duration_ns("3000000h") -> eval_builtin_error: time: invalid duration "3000000h"
      time.parse_duration_ns("1.0000000000000000000000001s") -> 1000000000
      time.parse_duration_ns(1) -> eval_type_error: operand 1 must be string but got number
      time.parse_duration_ns("s") -> eval_builtin_error: time: invalid duration "s"
      time.parse_duration_ns("1s ") -> eval_builtin_error: time: unknown unit "s " in duration "1s "
      time.parse_duration_ns("1é") -> eval_builtin_error: time: unknown unit "\xc3\xa9" in duration "1\xc3\xa9"
      time.parse_duration_ns("99999999999999999999h") -> eval_builtin_error: time: invalid duration "9999999999999\#
      9999999h"
      time.parse_duration_ns("1w") -> 604800000000000
      time.parse_duration_ns("1y") -> 31536000000000000
      time.parse_duration_ns("1d12h") -> 129600000000000
      time.parse_duration_ns("1.5d") -> 129600000000000
      time.parse_duration_ns("1.5.5s") -> eval_builtin_error: time: missing unit in duration "1.5.5s"
      time.parse_duration_ns("1s-1s") -> eval_builtin_error: time: unknown unit "s-" in duration "1s-1s"
      time.parse_duration_ns("10675199d") -> eval_builtin_error: time: invalid duration "10675199d"
      time.parse_duration_ns("0.000000000000001h") -> 0
      time.parse_duration_ns("-0") -> 0
      time.parse_duration_ns("+") -> eval_builtin_error: time: invalid duration "+"
      time.parse_duration_ns("1h1") -> eval_builtin_error: time: missing unit in duration "1h1"
      time.parse_duration_ns("1M") -> eval_builtin_error: time: unknown unit "M" in duration "1M"
      time.parse_duration_ns("0d") -> 0
      time.parse_duration_ns("106751d") -> 9223286400000000000
      time.parse_duration_ns("1\"s") -> eval_builtin_error: time: unknown unit "\"s" in duration "1\"s"
      time.parse_duration_ns("106752d") -> eval_builtin_error: time: invalid duration "106752d"
      time.parse_duration_ns("-106751d23h47m16.854775808s") -> -9223372036854775808
      time.parse_rfc3339_ns("2023-11-14T22:13:20Z") -> 1700000000000000000
      time.parse_rfc3339_ns("2023-11-14T22:13:20.123456789+02:00") -> 1699992800123456789
      time.parse_rfc3339_ns("2023-11-14T22:13:20,5Z") -> 1700000000500000000
      time.parse_rfc3339_ns("2023-11-14t22:13:20z") -> eval_builtin_error: parsing time "2023-11-14t22:13:20z" as\#
       "2006-01-02T15:04:05Z07:00": cannot parse "t22:13:20z" as "T"
      time.parse_rfc3339_ns("2023-11-14 22:13:20Z") -> eval_builtin_error: parsing time "2023-11-14 22:13:20Z" as\#
       "2006-01-02T15:04:05Z07:00": cannot parse " 22:13:20Z" as "T"
      time.parse_rfc3339_ns("2023-11-14T22:13:20") -> eval_builtin_error: parsing time "2023-11-14T22:13:20" as "2\#
      006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"
      time.parse_rfc3339_ns("2023-02-29T22:13:20Z") -> eval_builtin_error: parsing time "2023-02-29T22:13:20Z": da\#
      y out of range
      time.parse_rfc3339_ns("2023-13-01T22:13:20Z") -> eval_builtin_error: parsing time "2023-13-01T22:13:20Z": mo\#
      nth out of range
      time.parse_rfc3339_ns("2023-11-14T24:13:20Z") -> eval_builtin_error: parsing time "2023-11-14T24:13:20Z": ho\#
      ur out of range
      time.parse_rfc3339_ns("2023-11-14T22:13:60Z") -> eval_builtin_error: parsing time "2023-11-14T22:13:60Z": se\#
      cond out of range
      time.parse_rfc3339_ns("1600-01-01T00:00:00Z") -> eval_builtin_error: time outside of valid range
      time.parse_rfc3339_ns("2300-01-01T00:00:00Z") -> eval_builtin_error: time outside of valid range
      time.parse_rfc3339_ns("2262-04-11T23:47:16.854775807Z") -> 9223372036854775807
      time.parse_rfc3339_ns("2262-04-11T23:47:16.854775808Z") -> eval_builtin_error: time outside of valid range
      time.parse_rfc3339_ns("1677-09-21T00:12:43.145224192Z") -> -9223372036854775808
      time.parse_rfc3339_ns("1677-09-21T00:12:43.145224191Z") -> eval_builtin_error: time outside of valid range
      time.parse_rfc3339_ns("2023-11-14T22:13:20.1234567891234Z") -> 1700000000123456789
      time.parse_rfc3339_ns("2023-11-14T22:13:20+24:00") -> 1699913600000000000
      time.parse_rfc3339_ns("2023-11-14T22:13:20+23:59") -> 1699913660000000000
      time.parse_rfc3339_ns("2023-11-14T22:13:20.Z") -> eval_builtin_error: parsing time "2023-11-14T22:13:20.Z" a\#
      s "2006-01-02T15:04:05Z07:00": cannot parse ".Z" as "Z07:00"
      time.parse_rfc3339_ns("") -> eval_builtin_error: parsing time "" as "2006-01-02T15:04:05Z07:00": cannot pars\#
      e "" as "2006"
      time.parse_rfc3339_ns("x") -> eval_builtin_error: parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot pa\#
      rse "x" as "2006"
      time.parse_rfc3339_ns(1) -> eval_type_error: operand 1 must be string but got number
      time.parse_rfc3339_ns("2023-11-14T2:13:20Z") -> 1699928000000000000
      time.parse_rfc3339_ns("0000-01-01T00:00:00Z") -> eval_builtin_error: time outside of valid range
      time.parse_rfc3339_ns("2023-00-14T22:13:20Z") -> eval_builtin_error: parsing time "2023-00-14T22:13:20Z": mo\#
      nth out of range
      time.parse_rfc3339_ns("2023-11-00T22:13:20Z") -> eval_builtin_error: parsing time "2023-11-00T22:13:20Z": da\#
      y out of range
      time.parse_rfc3339_ns("2023-11-14T22:13:20+02:60") -> 1699989200000000000
      time.parse_rfc3339_ns("2023-11-14T22:13:20Zx") -> eval_builtin_error: parsing time "2023-11-14T22:13:20Zx":\#
       extra text: "x"
      time.parse_rfc3339_ns("2023-11-14T22:60:20Z") -> eval_builtin_error: parsing time "2023-11-14T22:60:20Z": mi\#
      nute out of range
      time.parse_rfc3339_ns("2024-02-29T00:00:00-07:00") -> 1709190000000000000
      time.parse_rfc3339_ns("2023-11-14T22:13:20+25:00") -> eval_builtin_error: parsing time "2023-11-14T22:13:20+\#
      25:00": time zone offset hour out of range
      time.parse_rfc3339_ns("2023-11-14T22:13:20+02:61") -> eval_builtin_error: parsing time "2023-11-14T22:13:20+\#
      02:61": time zone offset minute out of range
      time.parse_rfc3339_ns("2023-11-14T22:13:20x02:00") -> eval_builtin_error: parsing time "2023-11-14T22:13:20x\#
      02:00" as "2006-01-02T15:04:05Z07:00": cannot parse "x02:00" as "Z07:00"
      time.parse_rfc3339_ns("2023-11-14T22:13:20+0200") -> eval_builtin_error: parsing time "2023-11-14T22:13:20+0\#
      200" as "2006-01-02T15:04:05Z07:00": cannot parse "+0200" as "Z07:00"
      time.parse_rfc3339_ns("2023-1-14T22:13:20Z") -> eval_builtin_error: parsing time "2023-1-14T22:13:20Z" as "2\#
      006-01-02T15:04:05Z07:00": cannot parse "1-14T22:13:20Z" as "01"
      time.parse_rfc3339_ns("2023-11-4T22:13:20Z") -> eval_builtin_error: parsing time "2023-11-4T22:13:20Z" as "2\#
      006-01-02T15:04:05Z07:00": cannot parse "4T22:13:20Z" as "02"
      time.parse_rfc3339_ns("2023/11-14T22:13:20Z") -> eval_builtin_error: parsing time "2023/11-14T22:13:20Z" as\#
       "2006-01-02T15:04:05Z07:00": cannot parse "/11-14T22:13:20Z" as "-"
      time.parse_rfc3339_ns("20x3-11-14T22:13:20Z") -> eval_builtin_error: parsing time "20x3-11-14T22:13:20Z" as\#
       "2006-01-02T15:04:05Z07:00": cannot parse "20x3-11-14T22:13:20Z" as "2006"
      time.parse_rfc3339_ns("2023-11-14T22:1:20Z") -> eval_builtin_error: parsing time "2023-11-14T22:1:20Z" as "2\#
      006-01-02T15:04:05Z07:00": cannot parse "1:20Z" as "04"
      time.parse_rfc3339_ns("2023-11-14T22:13:2Z") -> eval_builtin_error: parsing time "2023-11-14T22:13:2Z" as "2\#
      006-01-02T15:04:05Z07:00": cannot parse "2Z" as "05"
      time.parse_rfc3339_ns("2023-11-14T22:13:20é") -> eval_builtin_error: parsing time "2023-11-14T22:13:20\#
      \xc3\xa9" as "2006-01-02T15:04:05Z07:00": cannot parse "\xc3\xa9" as "Z07:00"
      time.parse_rfc3339_ns("2023-11-14T22:13:20\"") -> eval_builtin_error: parsing time "2023-11-14T22:13:20\#
      \"" as "2006-01-02T15:04:05Z07:00": cannot parse "\"" as "Z07:00"
      time.parse_rfc3339_ns("2023-11-31T22:13:20Z") -> eval_builtin_error: parsing time "2023-11-31T22:13:20Z": da\#
      y out of range
      """#))
  func readsMoreOfBoth(_ call: BuiltinCase) { call.check() }

  /// Names come from an attacker: none reads a file outside the zones' folder, or crashes on one that is no zone.
  @Test(arguments: [
    "../../../etc/passwd", "Europe/..", "/etc/localtime", "\\etc", ".", "Europe/Berlin\u{0}", "tzdata.zi",
    "zone1970.tab",
    String(repeating: "x", count: 100_000), "Europe/Berlin/", "é", "\u{0}",
  ])
  func zoneNamesStayInside(_ name: String) {
    var context = BuiltinContext.forTests()
    let error = #expect(throws: BuiltinError.self) {
      try BuiltinCase.call("time.date", [[0, .string(Text(name))]], &context)
    }
    #expect(error?.code == .builtin)
  }

  @Test func nowIsTheEvaluations() throws {
    var context = BuiltinContext.forTests()
    #expect(try BuiltinCase.call("time.now_ns", [], &context) == 1_700_000_000_123_456_789)
  }

  /// Every first of a month from 1601 to 2399, and the day before it.
  @Test func datesGoBothWays() {
    for year in 1601..<2400 {
      for month in 1...12 {
        let first = CivilTime(year, month, 1, 12, 34, 56)
        let back = CivilTime(seconds: first.seconds)
        #expect((back.year, back.month, back.day) == (year, month, 1))
        #expect((back.hour, back.minute, back.second) == (12, 34, 56))
        let before = CivilTime(seconds: first.seconds - CivilTime.secondsPerDay)
        #expect(before.day == CivilTime.days(inMonth: before.month, before.year))
        #expect(back.weekday == (before.weekday + 1) % 7)
      }
    }
  }

  /// Cut short or with any byte changed, a file is a zone or none, but never a crash.
  @Test func damagedZoneFilesDoNoHarm() throws {
    let file = [UInt8](try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
    #expect(RegoLite.TimeZone(tzif: file)?.period(at: 0).name == "CET")
    for length in stride(from: 0, to: file.count, by: 7) {
      _ = RegoLite.TimeZone(tzif: Array(file.prefix(length)))?.period(at: 4_000_000_000)
    }
    for index in file.indices {
      var damaged = file
      damaged[index] ^= 0xFF
      let zone = RegoLite.TimeZone(tzif: damaged)
      for seconds in [Int.min, -9_000_000_000, 0, 9_000_000_000, Int.max] { _ = zone?.period(at: seconds) }
    }
  }

  @Test(arguments: ["X", "CET", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M1.1.1", "CET-999", "<A", "CET-1CEST,J0,J1", ""])
  func refusesRulesThatAreNone(_ text: String) { #expect(TimeZoneRule(text) == nil) }

  @Test(arguments: [
    ("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_799, "CET"), ("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_800, "CEST"),
    ("EST5EDT", 1_710_053_999, "EST"), ("EST5EDT", 1_710_054_000, "EDT"), ("<-03>3", 0, "-03"),
    ("AAA0BBB,J60/0,J61/0", 1_709_251_199, "AAA"), ("AAA0BBB,J60/0,J61/0", 1_709_251_200, "BBB"),
    ("AAA0BBB,59/0,60/0", 1_709_164_800, "BBB"), ("AEST-10AEDT,M10.1.0,M4.1.0/3", 0, "AEDT"),
  ])
  func rulesOfPOSIX(_ text: String, _ seconds: Int, _ name: String) throws {
    let rule = try #require(TimeZoneRule(text))
    #expect(rule.period(at: seconds, since: 0)?.name == name)
  }
}
