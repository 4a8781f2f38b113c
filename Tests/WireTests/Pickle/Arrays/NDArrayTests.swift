import MartletWire
import MartletZeroMQ
import Testing

@Suite("Arrays")
struct NDArrayTests {
  @Test("Swift numbers and back")
  func typed() throws {
    #expect(try NDArray([1.5, -2]).array(of: Double.self) == [1.5, -2])
    #expect(try NDArray([1, -2]).dtype == "<i8")
    #expect(try NDArray([1, 2] as [Float]).array(of: Float.self) == [1, 2])
    #expect(try NDArray([1, 2] as [UInt8]).dtype == "|u1")
    #expect(try NDArray([true]).array(of: Bool.self) == [true])
    #expect(throws: PickleError.self) { try NDArray([1.5]).array(of: Int.self) }
    #expect(throws: PickleError.self) { try NDArray([1, 2, 3], shape: [2, 2]) }
  }

  @Test("Fortran order and big-endian elements are read in logical order")
  func layouts() throws {
    let array = try NDArray(
      dtype: ">i2", shape: [2, 3], data: Bytes([0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6]), isFortranOrdered: true)
    #expect(try array.array(of: Int16.self) == [1, 2, 3, 4, 5, 6])
    #expect(try array.values() == [1, 2, 3, 4, 5, 6])
    #expect(array.rowMajor.isFortranOrdered == false)
  }

  @Test("text, complex and half elements are values")
  func otherElements() throws {
    let text = try NDArray(dtype: "<U2", shape: [1], data: Bytes([97, 0, 0, 0, 0, 0, 0, 0]))
    #expect(try text.values() == ["a"])
    let half = try NDArray(dtype: "<f2", shape: [2], data: Bytes([0, 0x3E, 1, 0x80]))
    #expect(try half.values() == [1.5, .float(-0x1p-24)])
  }

  @Test(
    "what cannot be is refused", arguments: ["", "O", "|O8", "<f3", "<f", "[('a', '<i4')]", "<M8[D", "<i99999999999"])
  func dtypes(text: String) {
    #expect(throws: PickleError.self) { try NDArray(dtype: text, shape: [0], data: Bytes()) }
  }

  @Test("shapes that overflow are refused")
  func shapes() {
    #expect(throws: PickleError.self) { try NDArray(dtype: "<f8", shape: [.max, .max], data: Bytes()) }
    #expect(throws: PickleError.self) { try NDArray(dtype: "<f8", shape: [-1], data: Bytes()) }
    #expect(throws: PickleError.self) { try NDArray(dtype: "<f8", shape: [0, .max, .max], data: Bytes([1])) }
  }
}
