import MartletWire
import MartletZeroMQ

/// What the hub's driver has to do after an event.
enum HubAction {
  /// Answer a request.
  case reply(to: [Bytes], type: String, parent: Bytes?, content: JSONValue, buffers: [Bytes])
  /// Publish on the notification socket.
  case notify(type: String, parent: Bytes?, content: JSONValue)
  /// Tell the schedulers that an engine can take work.
  case engineRegistered(uuid: String, returnsTasks: Bool)
  /// Tell the schedulers that an engine is gone.
  case engineUnregistered(uuid: String)
  /// Have the next beat of this heart reported as its first, because a registration depends on it.
  case awaitHeart(uuid: String)
  /// Have the silence of this heart reported, whether it has beaten for this controller or for an earlier one.
  case watchHeart(uuid: String)
  /// Write the engine table to disk for a restarted controller.
  case saveEngines
  /// Ask the task store, after all changes posted so far. ``HubState/storeAnswered(_:_:at:newID:)`` takes the answer.
  case ask(TaskStoreQuery, id: Int)
  /// Submit a task again, with a new header.
  case resubmit(header: [UInt8], content: Bytes, buffers: [Bytes])
  /// End the controller.
  case shutDown
  /// Write a line to the log.
  case log(HubLog)
}
