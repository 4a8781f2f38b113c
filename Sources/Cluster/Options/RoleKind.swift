/// One of the programs that share profiles and option syntax.
enum RoleKind: String, Sendable {
  case controller = "ipcontroller"
  case engine = "ipengine"
  case cluster = "ipcluster"

  var syntax: CommandLineSyntax {
    switch self {
    case .controller: .controller
    case .engine: .engine
    case .cluster: .cluster
    }
  }

  /// The classes of the role's own options; those of ipyparallel 6 are still read.
  var classes: [String] {
    let base = ["BaseParallelApplication", "BaseIPythonApplication", "Application"]
    return switch self {
    case .controller: ["IPController", "IPControllerApp", "HubFactory"] + base
    case .engine: ["IPEngine", "IPEngineApp", "EngineFactory"] + base
    case .cluster:
      ["IPClusterStart", "IPClusterEngines", "IPClusterStop", "IPClusterList", "IPClusterClean", "IPCluster"] + base
    }
  }

  /// The options that environment variables set where command line and files don't.
  func defaults(from environment: [String: String]) -> ConfigLayer {
    var layer = ConfigLayer(origin: "the environment")
    if let id = environment["IPP_CLUSTER_ID"] { layer.set("Application.cluster_id", .text(id)) }
    guard self != .cluster, let name = classes.first else { return layer }
    for key in ["publickey", "secretkey"] + (self == .engine ? ["serverkey"] : []) {
      if let value = environment["IPP_CURVE_\(key.uppercased())"] { layer.set("\(name).curve_\(key)", .text(value)) }
    }
    if self == .controller, environment["IPP_ENABLE_CURVE"] == "1" {
      layer.set("\(name).enable_curve", .text("True"))
    }
    return layer
  }
}
