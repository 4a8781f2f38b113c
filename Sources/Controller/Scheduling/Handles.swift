/// Tags of the scheduler's slabs.
enum TaskTag {}
enum ConstraintsTag {}
enum EngineTag {}
enum GroupTag {}
enum ClientTag {}
enum EdgeTag {}
enum LaneTag {}

typealias TaskHandle = Handle<TaskTag>
typealias ConstraintsHandle = Handle<ConstraintsTag>
typealias EngineHandle = Handle<EngineTag>
typealias GroupHandle = Handle<GroupTag>
typealias ClientHandle = Handle<ClientTag>
typealias EdgeHandle = Handle<EdgeTag>
typealias LaneHandle = Handle<LaneTag>

/// A list of tasks.
typealias TaskList = HandleList<TaskTag>

/// One registration of an engine. An engine that registers again is another one, even at the same position.
struct EngineToken: Hashable {
  var engine: EngineHandle
  var registration: UInt32
}
