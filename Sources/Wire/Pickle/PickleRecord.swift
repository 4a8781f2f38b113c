/// An object of a class (or the result of a function) that is not data Martlet knows: what the pickle says of how Python
/// would make it. Inert: nothing is looked up or called.
public struct PickleRecord: Sendable, Hashable {
  /// How Python makes the object from its arguments.
  public enum Construction: Sendable, Hashable {
    /// `callable(*args)`, the REDUCE opcode.
    case call
    /// `cls.__new__(cls, *args, **kwargs)`, the NEWOBJ and NEWOBJ_EX opcodes.
    case new
  }

  /// The module of the class or function.
  public var module: String
  /// The qualified name of the class or function.
  public var name: String
  /// How Python makes the object.
  public var construction: Construction
  /// The positional arguments.
  public var args: [PickleValue]
  /// The keyword arguments of `__new__`, mostly empty.
  public var kwargs: PickleDict
  /// The state given to `__setstate__` or `__dict__`, nil if none.
  public var state: PickleValue?
  /// What is appended afterwards (subclasses of `list`).
  public var items: [PickleValue]
  /// What is set by key afterwards (subclasses of `dict`, `defaultdict`).
  public var entries: PickleDict

  /// Makes a record.
  public init(
    module: String, name: String, construction: Construction = .call, args: [PickleValue] = [],
    kwargs: PickleDict = PickleDict(), state: PickleValue? = nil
  ) {
    self.module = module
    self.name = name
    self.construction = construction
    self.args = args
    self.kwargs = kwargs
    self.state = state
    self.items = []
    self.entries = PickleDict()
  }

  /// An attribute: a value of the state where that is a `dict`, nil otherwise.
  public subscript(attribute: String) -> PickleValue? { state?.dictValue?[attribute] }
}
