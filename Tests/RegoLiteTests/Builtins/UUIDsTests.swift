import Testing

@testable import RegoLite

@Suite struct UUIDsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      uuid.parse("00000000-0000-0000-0000-000000000000") -> {"variant": "Reserved", "version": 0}
      uuid.parse("f47ac10b-58cc-4372-a567-0e02b2c3d479") -> {"variant": "RFC4122", "version": 4}
      uuid.parse("F47AC10B-58CC-4372-A567-0E02B2C3D479") -> {"variant": "RFC4122", "version": 4}
      uuid.parse("f47ac10b58cc4372a5670e02b2c3d479") -> {"variant": "RFC4122", "version": 4}
      uuid.parse("{f47ac10b-58cc-4372-a567-0e02b2c3d479}") -> {"variant": "RFC4122", "version": 4}
      uuid.parse("urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479") -> {"variant": "RFC4122", "version": 4}
      uuid.parse("URN:UUID:f47ac10b-58cc-4372-a567-0e02b2c3d479") -> {"variant": "RFC4122", "version": 4}
      uuid.parse("x") -> undefined
      uuid.parse("") -> undefined
      uuid.parse(1) -> eval_type_error: operand 1 must be string but got number
      uuid.parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8") -> {"clocksequence": 180, "macvariables": "global:unicast\#
      ", "nodeid": "00-c0-4f-d4-30-c8", "time": 886630433151182400, "variant": "RFC4122", "version": 1}
      uuid.parse("000003e8-48b9-21ee-b200-325096b39f47") -> {"clocksequence": 12800, "domain": "Person", "id": 100\#
      0, "macvariables": "local:unicast", "nodeid": "32-50-96-b3-9f-47", "time": 1693566990121469600, "variant": "\#
      RFC4122", "version": 2}
      uuid.parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f") -> {"variant": "RFC4122", "version": 7}
      uuid.parse("1ec9414c-232a-6b00-b3c8-9e6bdeced846") -> {"variant": "RFC4122", "version": 6}
      uuid.parse("f47ac10b-58cc-5372-c567-0e02b2c3d479") -> {"variant": "Microsoft", "version": 5}
      uuid.parse("f47ac10b-58cc-4372-e567-0e02b2c3d479") -> {"variant": "Future", "version": 4}
      uuid.parse("f47ac10b-58cc-4372-0567-0e02b2c3d479") -> {"variant": "Reserved", "version": 4}
      uuid.parse("(f47ac10b-58cc-4372-a567-0e02b2c3d479)") -> {"variant": "RFC4122", "version": 4}
      uuid.parse("f47ac10b-58cc-4372-a567-0e02b2c3d47g") -> undefined
      uuid.parse("2ed6657d-e927-568b-95e1-2665a8aea6a2") -> {"variant": "RFC4122", "version": 5}
      uuid.parse("7d444840-9dc0-11d1-b245-5ffdce74fad2") -> {"clocksequence": 12869, "macvariables": "local:multic\#
      ast", "nodeid": "5f-fd-ce-74-fa-d2", "time": 886638623136364800, "variant": "RFC4122", "version": 1}
      uuid.parse("00000000-0000-2000-8000-000000000000") -> {"clocksequence": 0, "domain": "Person", "id": 0, "mac\#
      variables": "global:unicast", "nodeid": "00-00-00-00-00-00", "time": 6227451273709551616, "variant": "RFC412\#
      2", "version": 2}
      uuid.parse("f47ac10b-58cc-4372-a567_0e02b2c3d479") -> undefined
      uuid.parse("urn:uuix:f47ac10b-58cc-4372-a567-0e02b2c3d479") -> undefined
      uuid.parse("f47ac10b-58cc-1372-0567-0e02b2c3d479") -> {"clocksequence": 1383, "macvariables": "local:unicast\#
      ", "nodeid": "0e-02-b2-c3-d4-79", "time": -5830180198003873716, "variant": "Reserved", "version": 1}
      uuid.parse("f47ac10b-58cc-2372-8267-0e02b2c3d479") -> {"clocksequence": 615, "domain": "Domain103", "id": 41\#
      01685515, "macvariables": "local:unicast", "nodeid": "0e-02-b2-c3-d4-79", "time": -5830180198003873716, "var\#
      iant": "RFC4122", "version": 2}
      uuid.parse("f47ac10b-58cc-2372-8967-0e02b2c3d479") -> {"clocksequence": 2407, "domain": "Domain103", "id": 4\#
      101685515, "macvariables": "local:unicast", "nodeid": "0e-02-b2-c3-d4-79", "time": -5830180198003873716, "va\#
      riant": "RFC4122", "version": 2}
      uuid.parse("éf47ac10b-58cc-2372-8967-0e02b2c3d47") -> undefined
      """#))
  func rows(_ row: BuiltinCase) { row.check() }

  @Test func randomOnesAreOfVersionFourAndStandForOneEvaluation() throws {
    var context = BuiltinContext.forTests()
    let first = try BuiltinCase.call("uuid.rfc4122", ["a"], &context)
    #expect(first == "00000000-0000-4000-8000-000000000001")
    #expect(try BuiltinCase.call("uuid.rfc4122", ["b"], &context) == "00000000-0000-4002-8000-000000000003")
    #expect(try BuiltinCase.call("uuid.rfc4122", ["a"], &context) == first)
  }
}
