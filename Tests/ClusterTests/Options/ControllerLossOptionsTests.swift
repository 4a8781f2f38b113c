import MartletCluster
import MartletEngine
import Testing

@Suite struct ControllerLossOptionsTests {
  @Test func whatAnEngineDoesWithoutItsController() throws {
    let defaults = try EngineOptions.read([], environment: [:]).options
    #expect(defaults.onControllerLost == .reconnect && defaults.reconnectTimeout == .seconds(60))
    let (options, warnings) = try EngineOptions.read(
      ["--on-controller-lost=finish", "--reconnect-timeout=2.5"], environment: [:])
    #expect(options.onControllerLost == .finish && options.reconnectTimeout == .seconds(2.5))
    #expect(warnings == [])
    let named = try EngineOptions.read(["--IPEngine.on_controller_lost=stop"], environment: [:]).options
    #expect(named.onControllerLost == .stop)
    #expect(throws: OptionError.self) { try EngineOptions.read(["--on-controller-lost=never"], environment: [:]) }
  }
}
