/// The message types of the protocol, the values of `header.msg_type`.
public enum MessageType {
  // Client → engine and back.
  public static let applyRequest = "apply_request"
  public static let applyReply = "apply_reply"
  public static let executeRequest = "execute_request"
  public static let executeReply = "execute_reply"
  public static let kernelInfoRequest = "kernel_info_request"
  // Control channel.
  public static let abortRequest = "abort_request"
  public static let abortReply = "abort_reply"
  public static let clearRequest = "clear_request"
  public static let clearReply = "clear_reply"
  public static let shutdownRequest = "shutdown_request"
  public static let shutdownReply = "shutdown_reply"
  // Engine ↔ hub.
  public static let registrationRequest = "registration_request"
  public static let registrationReply = "registration_reply"
  public static let unregistrationRequest = "unregistration_request"
  // Hub → everyone.
  public static let registrationNotification = "registration_notification"
  public static let unregistrationNotification = "unregistration_notification"
  public static let shutdownNotification = "shutdown_notification"
  public static let hubError = "hub_error"
  // Client ↔ hub.
  public static let connectionRequest = "connection_request"
  public static let connectionReply = "connection_reply"
  public static let queueRequest = "queue_request"
  public static let queueReply = "queue_reply"
  public static let resultRequest = "result_request"
  public static let resultReply = "result_reply"
  public static let historyRequest = "history_request"
  public static let historyReply = "history_reply"
  public static let databaseRequest = "db_request"
  public static let databaseReply = "db_reply"
  public static let purgeRequest = "purge_request"
  public static let purgeReply = "purge_reply"
  public static let loadRequest = "load_request"
  public static let loadReply = "load_reply"
  public static let resubmitRequest = "resubmit_request"
  public static let resubmitReply = "resubmit_reply"
  // IOPub.
  public static let status = "status"
  public static let stream = "stream"
  public static let error = "error"
  public static let executeInput = "execute_input"
  public static let executeResult = "execute_result"
  public static let displayData = "display_data"
}
