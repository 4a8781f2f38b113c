import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A failed call to libzmq: which call, on which endpoint, with which errno.
public struct ZeroMQError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The errno libzmq left, for example `EADDRINUSE`.
  public let code: Int32
  /// The libzmq call, for example `zmq_bind`.
  public let operation: String
  /// The endpoint or option the call was about, when there is one.
  public let subject: String?

  /// An error with a given errno.
  public init(code: Int32, operation: String, subject: String? = nil) {
    self.code = code
    self.operation = operation
    self.subject = subject
  }

  /// libzmq's text for the errno.
  public var reason: String { String(cString: zmq_strerror(code)) }

  public var description: String {
    let target = subject.map { " \($0)" } ?? ""
    return "\(operation)\(target): \(reason) (errno \(code))"
  }

  /// Whether another socket or process uses the address.
  public var isAddressInUse: Bool { code == EADDRINUSE }

  /// Whether memory could not be had.
  package var isOutOfMemory: Bool { code == ENOMEM }
}

/// Makes one call to libzmq, again if a signal interrupts it.
///
/// - Returns: the call's result when it is not -1.
/// - Throws: the errno of a call that failed.
@discardableResult
func check(_ operation: String, _ subject: String? = nil, _ body: () -> Int32) throws(ZeroMQError) -> Int32 {
  while true {
    let result = body()
    if result != -1 { return result }
    let code = zmq_errno()
    if code == EINTR { continue }
    throw ZeroMQError(code: code, operation: operation, subject: subject)
  }
}
