import MartletWire
import MartletZeroMQ

/// An action for the hub's driver after an event.
enum HubAction {
  /// Answer a request.
  case reply(to: [Bytes], type: String, parent: Bytes?, content: JSONValue, buffers: [Bytes])
  /// Publish on the notification socket.
  case notify(type: String, parent: Bytes?, content: JSONValue)
  /// Tell the schedulers that an engine can take work.
  case engineRegistered(uuid: String, id: Int, EngineAbilities)
  /// Tell all schedulers but the task scheduler that an engine of an earlier controller can take work, and the task scheduler
  /// that it is awaited.
  case engineRestored(uuid: String, id: Int)
  /// Tell the task scheduler that an engine has registered again that may have tasks of an earlier controller: those, or nil
  /// if it doesn't tell.
  case engineReturned(uuid: String, id: Int, EngineAbilities, tasks: [String: Int]?)
  /// Tell the task scheduler that an engine is about to leave; what follows goes to ``HubState/engineRetired(_:)``.
  case engineRetires(uuid: String)
  /// Tell the schedulers that an engine has left.
  case engineUnregistered(uuid: String, EngineDeparture)
  /// Make the heart monitor report the next beat of this heart as its first. A registration depends on it.
  case awaitHeart(uuid: String)
  /// Make the heart monitor report this heart's silence, even if it has beaten only for an earlier controller.
  case watchHeart(uuid: String)
  /// Make the heart monitor report each beat of this heart, whose engine is not registered.
  case watchStrayHeart(uuid: String)
  /// Tell an engine that is not registered, over the control channel, what to do.
  case order(StrayHearts.Order, uuid: String)
  /// Write the engine table to disk, for a restart of the controller.
  case saveEngines
  /// Query the task store after all changes posted so far. Pass the answer to
  /// ``HubState/storeAnswered(_:_:at:newID:)``.
  case ask(TaskStoreQuery, id: Int)
  /// Ask the task scheduler where a task is; the answer goes to ``HubState/explained(_:_:to:)``.
  case explain(taskID: String, Asker)
  /// Ask the task scheduler for the tasks that another engine could take; the answer goes to ``HubState/counted(_:to:)``.
  case countBacklog(Resources, time: Duration?, Asker)
  /// Resubmit a task with a new header.
  case resubmit(header: [UInt8], content: Bytes, buffers: [Bytes])
  /// Start Dask's scheduler. Pass what happens to it to ``HubState/daskChanged(_:_:)`` with this number.
  case startDask(arguments: JSONValue, number: Int)
  /// Stop Dask's scheduler.
  case stopDask
  /// Shut the controller down.
  case shutDown
  /// Write a line to the log.
  case log(HubLog)
}
