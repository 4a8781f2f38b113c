/// The message types of the protocol, the values of `header.msg_type`.
///
/// `Protocol.md` says what each contains. Those marked as Jupyter's come from version 5.4 of its messaging protocol;
/// the others are ipyparallel's unless they are called Martlet's own.
public enum MessageType {
  // Client → engine and back.

  /// Calls a function, which is in the buffers with its arguments. A client sends it to one engine, to the task
  /// scheduler or as a broadcast, and gets an ``applyReply``.
  public static let applyRequest = "apply_request"
  /// What came of an ``applyRequest``: the function's result in the buffers, or an error in the content. The controller
  /// answers in place of an engine that can't.
  public static let applyReply = "apply_reply"
  /// Runs source code in an engine's namespace. It is routed as an ``applyRequest`` is and answered with an
  /// ``executeReply``. Jupyter's.
  public static let executeRequest = "execute_request"
  /// Whether the code of an ``executeRequest`` ran, and the values of its `user_expressions`. The value of the code
  /// itself is published as ``executeResult``. Jupyter's.
  public static let executeReply = "execute_reply"
  /// Asks an engine which protocol and language it speaks; the answer is a `kernel_info_reply`. The controller sends
  /// it, too, as a probe: what the engine was sent before and has not answered by then counts as lost. Jupyter's.
  public static let kernelInfoRequest = "kernel_info_request"
  /// Asks how the code before a cursor may go on. Only engines with Python answer, with a `complete_reply`. Jupyter's.
  public static let completeRequest = "complete_request"
  /// Asks for documentation of the name at a cursor. Only engines with Python answer, with an `inspect_reply`.
  /// Jupyter's.
  public static let inspectRequest = "inspect_request"
  /// Asks whether code is complete or needs further lines. Only engines with Python answer, with an
  /// `is_complete_reply`. Jupyter's.
  public static let isCompleteRequest = "is_complete_request"
  /// Asks which comms are open. Only engines with Python answer, with a `comm_info_reply`. Jupyter's.
  public static let commInfoRequest = "comm_info_request"
  /// Opens a comm, a channel between a client and an object in an engine's Python. Nobody replies. Jupyter's.
  public static let commOpen = "comm_open"
  /// Carries data over a comm. Nobody replies. Jupyter's.
  public static let commMessage = "comm_msg"
  /// Closes a comm. Nobody replies. Jupyter's.
  public static let commClose = "comm_close"

  // Control channel.

  /// Ends requests that wait in an engine or in the task scheduler, and with Martlet's engines running ones that it
  /// names. A client sends it and gets an ``abortReply``; each request that waited is answered with the status
  /// `aborted`.
  public static let abortRequest = "abort_request"
  /// Confirms an ``abortRequest``. What was running may go on for a while.
  public static let abortReply = "abort_reply"
  /// Empties an engine's namespace, after the running request and before all that wait. A client sends it and gets a
  /// ``clearReply``.
  public static let clearRequest = "clear_request"
  /// Confirms a ``clearRequest``, once the namespace is empty.
  public static let clearReply = "clear_reply"
  /// Tells an engine for how many seconds to keep the values that belong to a client, which repeats it as long as it
  /// needs them. Martlet's own, answered with a ``leaseReply``.
  public static let leaseRequest = "lease_request"
  /// Confirms a ``leaseRequest``. Martlet's own.
  public static let leaseReply = "lease_reply"
  /// Ends its receiver, an engine on the control channel or the hub on the registration channel. A client sends it and
  /// gets a ``shutdownReply``. The controller sends it to engines that beat without being registered and don't register
  /// again. Jupyter's.
  public static let shutdownRequest = "shutdown_request"
  /// Confirms a ``shutdownRequest``. An engine also publishes it as output, from which the hub learns that the engine
  /// has left. Jupyter's.
  public static let shutdownReply = "shutdown_reply"
  /// Sends a signal, by number or name, to what an engine runs: SIGINT interrupts its Python code. A client sends it
  /// and gets a ``signalReply``.
  public static let signalRequest = "signal_request"
  /// Confirms a ``signalRequest``, or says that there is no such signal.
  public static let signalReply = "signal_reply"

  // Engine ↔ hub.

  /// Announces an engine and what it offers. The engine sends it to the hub, again when it has lost the controller, and
  /// gets a ``registrationReply``.
  public static let registrationRequest = "registration_request"
  /// Gives an engine its id, the period of heartbeats and the endpoints to connect to, or refuses it with an error. It
  /// takes part in the cluster from its first heartbeat on.
  public static let registrationReply = "registration_reply"
  /// Tells an engine that the hub doesn't know it any more, and to send another ``registrationRequest``. Martlet's own.
  public static let reregisterRequest = "reregister_request"
  /// Tells the hub that an engine has left. The engine sends it, or the process that started it when it sees it end.
  /// There is no reply.
  public static let unregistrationRequest = "unregistration_request"
  /// Tells the hub that an engine is about to leave and takes no further load-balanced tasks. Martlet's own, answered
  /// with a ``retirementReply``.
  public static let retirementRequest = "retirement_request"
  /// Tells an engine that sent a ``retirementRequest`` that the task scheduler has no task on it any more, so that it
  /// may leave. Martlet's own.
  public static let retirementReply = "retirement_reply"

  // Hub → everyone.

  /// Tells all clients that an engine is ready: its id and uuid.
  public static let registrationNotification = "registration_notification"
  /// Tells all clients that an engine is gone: its id and uuid, and with Martlet's hub the reason, if that is known.
  public static let unregistrationNotification = "unregistration_notification"
  /// Tells all clients that the controller ends, as one of them has asked with a ``shutdownRequest``.
  public static let shutdownNotification = "shutdown_notification"
  /// Answers a request that the hub refuses or doesn't know, unless its own reply type is used for errors as well.
  public static let hubError = "hub_error"

  // Client ↔ hub.

  /// Asks the hub which engines are registered; a client asks this first, and again to see whether the controller is
  /// still there. Answered with a ``connectionReply``.
  public static let connectionRequest = "connection_request"
  /// The registered engines' uuids by id, and with Martlet's hub which start of the controller this is.
  public static let connectionReply = "connection_reply"
  /// Asks the hub how many requests each engine has yet to answer and how many it has answered, or for their ids.
  /// Answered with a ``queueReply``.
  public static let queueRequest = "queue_request"
  /// For each engine its unanswered direct requests, its unanswered tasks and what it has answered; besides, the tasks
  /// without an engine.
  public static let queueReply = "queue_reply"
  /// Asks the hub for the results of requests by their ids, or only whether they are there. Answered with a
  /// ``resultReply``, errors included.
  public static let resultRequest = "result_request"
  /// Which of the ids are pending and which completed, with the records and results of the latter.
  public static let resultReply = "result_reply"
  /// Asks the hub how many waiting tasks a further engine with certain resources and time could take. Martlet's own,
  /// answered with a ``backlogReply``.
  public static let backlogRequest = "backlog_request"
  /// The number of such tasks, and how many of them no registered engine can run. Martlet's own.
  public static let backlogReply = "backlog_reply"
  /// Asks the hub where a task is and what it waits for. Martlet's own, answered with a ``whyReply``.
  public static let whyRequest = "why_request"
  /// The explanation in English, for people to read. Martlet's own.
  public static let whyReply = "why_reply"
  /// Asks the hub for the ids of all its records, answered with a ``historyReply``. Sent to an engine with Python, it
  /// is Jupyter's and asks for code that was run there.
  public static let historyRequest = "history_request"
  /// The ids by time of submission, or an error.
  public static let historyReply = "history_reply"
  /// Searches the hub's records with a query in MongoDB's style. Answered with a ``databaseReply``, errors included.
  public static let databaseRequest = "db_request"
  /// The records that match, with the fields that were asked for; their buffers follow as buffers of the message.
  public static let databaseReply = "db_reply"
  /// Deletes records of completed requests, by their ids or their engines, from the hub's store. Answered with a
  /// ``purgeReply``, errors included.
  public static let purgeRequest = "purge_request"
  /// Confirms a ``purgeRequest``, or says why nothing was deleted.
  public static let purgeReply = "purge_reply"
  /// Asks the hub how many requests each engine has in progress. Answered with a ``loadReply``.
  public static let loadRequest = "load_request"
  /// The numbers by engine id.
  public static let loadReply = "load_reply"
  /// Asks the hub to run recorded requests again, as load-balanced tasks under new ids. Answered with a
  /// ``resubmitReply``, errors included.
  public static let resubmitRequest = "resubmit_request"
  /// The new ids by the old ones; the client fetches the results with a ``resultRequest``.
  public static let resubmitReply = "resubmit_reply"
  /// Asks the hub to start Dask's scheduler beside it, unless it runs. Answered with a ``becomeDaskReply``.
  public static let becomeDaskRequest = "become_dask_request"
  /// The address at which Dask's scheduler listens.
  public static let becomeDaskReply = "become_dask_reply"
  /// Asks the hub to end Dask's scheduler, if it runs. Answered with a ``stopDistributedReply``.
  public static let stopDistributedRequest = "stop_distributed_request"
  /// Confirms a ``stopDistributedRequest``.
  public static let stopDistributedReply = "stop_distributed_reply"

  // IOPub.

  /// An engine has begun a request (`busy`), or is done with it and has sent its output (`idle`). Jupyter's.
  public static let status = "status"
  /// Text that a request has written to standard output or standard error. Jupyter's.
  public static let stream = "stream"
  /// Values that a request publishes under names while it runs, in the buffers; under `progress`, how far it has come.
  public static let dataMessage = "data_message"
  /// The error with which a request has failed. Jupyter's.
  public static let error = "error"
  /// The code that an engine begins to run for an ``executeRequest`` that isn't silent. Jupyter's.
  public static let executeInput = "execute_input"
  /// The value of the final expression of an ``executeRequest``, by MIME type. Jupyter's.
  public static let executeResult = "execute_result"
  /// Something that a request shows, such as an image or a table, by MIME type. Jupyter's.
  public static let displayData = "display_data"
  /// New content of an earlier ``displayData`` with the same `transient.display_id`. Jupyter's.
  public static let updateDisplayData = "update_display_data"
}
