import MartletWire
import MartletZeroMQ

/// What the hub's driver has to do after an event.
enum HubAction {
  /// Answer whoever asked.
  case reply(to: [Bytes], type: String, parent: Bytes?, content: JSONValue, buffers: [Bytes])
  /// Tell everyone on the notification socket.
  case notify(type: String, parent: Bytes?, content: JSONValue)
  /// Tell the schedulers that an engine can take work.
  case engineRegistered(uuid: String, returnsTasks: Bool)
  /// Tell the schedulers that an engine is gone.
  case engineUnregistered(uuid: String)
  /// The next beat of this heart, known or not, is to be reported as its first: a registration waits for it.
  case awaitHeart(uuid: String)
  /// The silence of this heart is to be reported, whether it has beaten for this controller or an earlier one.
  case watchHeart(uuid: String)
  /// Write the engine table to disk, so that a restarted controller knows the engines.
  case saveEngines
  /// Submit a task once more, as it was but for its header.
  case resubmit(header: [UInt8], content: Bytes, buffers: [Bytes])
  /// End the controller.
  case shutDown
  /// Say something in the log.
  case log(HubLog)
}

/// Events of the hub worth a line in the log.
enum HubLog {
  case engineRegistered(id: Int, uuid: String)
  case engineUnregistered(id: Int, uuid: String)
  case registrationRefused(uuid: String, reason: String)
  case registrationStalled(id: Int, uuid: String)
  case lateHeart(uuid: String, isExpected: Bool)
  case storeFailed(messageID: String, reason: String)
  case flushFailed(reason: String)
  case requestFailed(type: String, reason: String)
}

/// An error that is sent back to a client as Python would describe it.
struct HubError: Error {
  /// The Python exception class, for example `KeyError`.
  let ename: String
  /// Its text.
  let evalue: String

  static func key(_ text: String) -> HubError { HubError(ename: "KeyError", evalue: "'\(text)'") }
  static func index(_ text: String) -> HubError { HubError(ename: "IndexError", evalue: text) }
  static func value(_ text: String) -> HubError { HubError(ename: "ValueError", evalue: text) }

  init(ename: String, evalue: String) {
    self.ename = ename
    self.evalue = evalue
  }

  init(_ error: TaskStoreError) { self.init(ename: error.exceptionName, evalue: error.message) }
  init(_ error: WireError) { self.init(ename: "ValueError", evalue: error.description) }

  /// The content of an error reply, with the fields of ipyparallel's `wrap_exception`.
  var content: JSONValue {
    ErrorContent.json(ename: ename, evalue: evalue)
  }
}

/// Contents of error replies.
enum ErrorContent {
  /// `{status: error, ename, evalue, traceback, engine_info}`.
  static func json(ename: String, evalue: String, engineInfo: JSONValue = [:]) -> JSONValue {
    [
      "status": "error", "ename": .string(ename), "evalue": .string(evalue),
      "traceback": [.string("\(ename): \(evalue)")], "engine_info": engineInfo,
    ]
  }
}
