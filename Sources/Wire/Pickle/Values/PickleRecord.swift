/// An object of an unknown class, or the result of an unknown function: the pickle's description of how Python would make
/// it. Inert: nothing is looked up or called.
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
  /// The keyword arguments of `__new__`, usually empty.
  public var kwargs: PickleDict
  /// The state for `__setstate__` or `__dict__`, if there is any.
  public var state: PickleValue?
  /// Items appended afterwards, for subclasses of `list`.
  public var items: [PickleValue]
  /// Entries set afterwards, for subclasses of `dict` such as `defaultdict`.
  public var entries: PickleDict

  /// A record without items and entries.
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

  /// An attribute: a value of the state if that is a `dict`; `nil` otherwise.
  public subscript(attribute: String) -> PickleValue? { state?.dictValue?[attribute] }
}
