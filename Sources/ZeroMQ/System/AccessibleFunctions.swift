import CMartletZeroMQ

/// The distributed methods that are compiled into this program.
package enum AccessibleFunctions {
  /// The size of a record in bytes: five relative pointers or flags of 32 bits, the first of which points to the name
  /// (`TargetAccessibleFunctionRecord` in swift/ABI/Metadata.h).
  private static let recordSize = 20

  /// Their mangled names, by which `executeDistributedTarget` finds them. Those in other dynamic libraries are not among them.
  package static var names: [String] {
    var size = 0
    guard let start = accessible_functions(&size) else { return [] }
    return stride(from: 0, through: size - recordSize, by: recordSize).map { offset in
      let record = start + offset
      let distance = Int(record.loadUnaligned(as: Int32.self))
      return String(cString: (record + distance).assumingMemoryBound(to: CChar.self))
    }
  }
}
