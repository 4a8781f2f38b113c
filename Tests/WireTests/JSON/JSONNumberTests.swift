import MartletWire
import MartletZeroMQ
import Testing

@Suite struct JSONNumberTests {
  @Test(arguments: [
    ("0", JSONValue.int(0)),
    ("-0", .int(0)),
    ("42", .int(42)),
    ("-17", .int(-17)),
    ("9223372036854775807", .int(.max)),
    ("-9223372036854775808", .int(.min)),
    ("9223372036854775808", .double(9_223_372_036_854_775_808)),
    ("-9223372036854775809", .double(-9_223_372_036_854_775_808)),
    ("100000000000000000000000000000", .double(1e29)),
    ("1.0", .double(1)),
    ("0.1", .double(0.1)),
    ("-0.0", .double(-0.0)),
    ("1e3", .double(1000)),
    ("1E+3", .double(1000)),
    ("25e-1", .double(2.5)),
    ("5e-324", .double(.leastNonzeroMagnitude)),
    ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
    ("1e400", .double(.infinity)),
    ("1e-400", .double(0)),
    ("Infinity", .double(.infinity)),
    ("-Infinity", .double(-.infinity)),
  ])
  func numbers(text: String, value: JSONValue) throws {
    #expect(try JSONValue.parse(Bytes(text)) == value)
  }

  @Test func notANumber() throws {
    #expect(try JSONValue.parse(Bytes("NaN")).doubleValue?.isNaN == true)
    #expect(JSONValue.double(.nan).bytes.string == "NaN")
  }

  @Test(arguments: [
    ("01", JSONError.Reason.invalidNumber, 1), ("-01", .invalidNumber, 2), ("00", .invalidNumber, 1),
    ("-", .unexpectedEnd, 1), ("--1", .invalidNumber, 1), ("+1", .unexpectedByte, 0), (".5", .unexpectedByte, 0),
    ("1.", .unexpectedEnd, 2), ("1.e5", .invalidNumber, 2), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
    ("1ex", .invalidNumber, 2), ("0x10", .trailingBytes, 1), ("1_000", .trailingBytes, 1), ("-NaN", .invalidNumber, 1),
    ("-Inf", .unexpectedEnd, 4), ("Nan", .unexpectedByte, 2),
  ])
  func rejections(text: String, reason: JSONError.Reason, offset: Int) {
    #expect(throws: JSONError(reason, offset: offset)) { try JSONValue.parse(Bytes(text)) }
  }

  @Test func doublesSurviveWritingAndReading() throws {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<2000 {
      let value = Double(bitPattern: generator.next())
      guard value.isFinite else { continue }
      let read = try JSONValue.parse(JSONValue.double(value).bytes)
      #expect(read.doubleValue?.bitPattern == value.bitPattern)
      #expect(read == .double(value))
    }
  }
}
