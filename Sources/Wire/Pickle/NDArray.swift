import MartletZeroMQ

/// A numpy array of plain elements: its bytes as numpy holds them, not copied.
public struct NDArray: Sendable, Hashable {
  /// The element type as numpy's `dtype.str`: byte order, kind and size, such as `<f8`, `|b1`, `<U3` or `<M8[us]`.
  public let dtype: String
  /// The length of each axis; empty for an array of no dimensions, which holds one element.
  public let shape: [Int]
  /// The elements, `shape` product times item size bytes.
  public let data: Bytes
  /// Whether the first axis varies fastest in ``data`` (Fortran order) rather than the last.
  public let isFortranOrdered: Bool

  /// Makes an array over bytes that are already laid out.
  ///
  /// - Throws: `PickleError` if the dtype is not one of plain elements or the shape and the bytes do not fit.
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
    guard size == data.count else {
      throw PickleError(
        .mismatch, "an array of \(dtype) and shape \(shape) has \(size) bytes, not \(data.count)")
    }
    self.init(type: type, shape: shape, data: data, isFortranOrdered: isFortranOrdered)
  }

  /// Makes an array of parts that are known to fit.
  init(type: DType, shape: [Int], data: Bytes, isFortranOrdered: Bool) {
    self.dtype = type.text
    self.shape = shape
    self.data = data
    self.isFortranOrdered = isFortranOrdered
  }

  /// The number of elements.
  public var count: Int { shape.contains(0) ? 0 : shape.reduce(1, *) }

  /// The same array with the last axis varying fastest; itself if it is so already.
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
