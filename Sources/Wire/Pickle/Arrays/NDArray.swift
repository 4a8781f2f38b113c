import MartletZeroMQ

/// A numpy array of plain elements, with its bytes in numpy's layout. They are not copied.
public struct NDArray: Sendable, Hashable {
  /// The element type as numpy's `dtype.str`: byte order, kind and size, such as `<f8`, `|b1`, `<U3` or `<M8[us]`.
  public let dtype: String
  /// The length of each axis; empty for an array of no dimensions, which holds one element.
  public let shape: [Int]
  /// The bytes of the elements: the product of ``shape`` times the item size.
  public let data: Bytes
  /// Whether the first axis varies fastest in ``data`` (Fortran order) rather than the last.
  public let isFortranOrdered: Bool

  /// An array of bytes in numpy's layout.
  ///
  /// - Throws: `PickleError` if the dtype is not one of plain elements, or the shape does not fit the bytes.
  public init(dtype: String, shape: [Int], data: Bytes, isFortranOrdered: Bool = false) throws(PickleError) {
    guard let type = DType(dtype) else {
      throw PickleError(.mismatch, "\(dtype.debugDescription) is not a dtype of plain elements")
    }
    guard shape.count <= 64, shape.allSatisfy({ $0 >= 0 }) else {
      throw PickleError(.mismatch, "an array cannot have the shape \(shape.prefix(65))")
    }
    var size = type.size
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      guard !overflow else { throw PickleError(.mismatch, "the shape \(shape) is too large") }
      size = product
    }
    guard type.size > 0 || Self.hasFewElements(shape) else {
      throw PickleError(.mismatch, "an array of \(dtype) and shape \(shape) has too many elements, which are empty")
    }
    guard size == data.count else {
      throw PickleError(
        .mismatch, "an array of \(dtype) and shape \(shape) has \(size) bytes, not \(data.count)")
    }
    self.init(type: type, shape: shape, data: data, isFortranOrdered: isFortranOrdered)
  }

  /// Whether an array of empty elements, whose bytes set no bound, has at most 65,536 of them.
  private static func hasFewElements(_ shape: [Int]) -> Bool {
    if shape.contains(0) { return true }
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow, product <= 65_536 else { return false }
      count = product
    }
    return true
  }

  /// An array of parts that are known to fit.
  init(type: DType, shape: [Int], data: Bytes, isFortranOrdered: Bool) {
    self.dtype = type.text
    self.shape = shape
    self.data = data
    self.isFortranOrdered = isFortranOrdered
  }

  /// The number of elements.
  public var count: Int { shape.contains(0) ? 0 : shape.reduce(1, *) }

  /// The same array with the last axis varying fastest.
  public var rowMajor: NDArray {
    guard isFortranOrdered, let type = DType(dtype) else { return self }
    guard shape.count > 1, count > 1 else {
      return NDArray(type: type, shape: shape, data: data, isFortranOrdered: false)
    }
    var strides: [Int] = []
    var stride = type.size
    for length in shape {
      strides.append(stride)
      stride *= length
    }
    var out: [UInt8] = []
    out.reserveCapacity(data.count)
    data.withSpan { span in
      var index = [Int](repeating: 0, count: shape.count)
      var source = 0
      for _ in 0..<count {
        for byte in source..<source + type.size { out.append(span[byte]) }
        var axis = shape.count - 1
        while axis >= 0 {
          index[axis] += 1
          source += strides[axis]
          if index[axis] < shape[axis] { break }
          source -= strides[axis] * shape[axis]
          index[axis] = 0
          axis -= 1
        }
      }
    }
    return NDArray(type: type, shape: shape, data: Bytes(out), isFortranOrdered: false)
  }
}
