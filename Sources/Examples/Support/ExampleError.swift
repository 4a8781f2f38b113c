/// An error with a readable description.
public struct ExampleError: Error, CustomStringConvertible {
  public let description: String

  /// An error that says this.
  public init(_ description: String) { self.description = description }
}
