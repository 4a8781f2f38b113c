// `import Martlet` makes these names visible: `ClusterProgram` and the types below. `Tests/MartletTests` compares the
// list with the types that public declarations mention.

@_exported import struct MartletClient.AsyncResult
@_exported import struct MartletClient.BroadcastView
// The client: connections, views, results.
@_exported import class MartletClient.Client
@_exported import struct MartletClient.ClientConfiguration
@_exported import struct MartletClient.ClientError
@_exported import struct MartletClient.ClientTraffic
@_exported import struct MartletClient.CompletedElements
@_exported import struct MartletClient.CompositeError
@_exported import struct MartletClient.Dependency
@_exported import struct MartletClient.DirectView
@_exported import struct MartletClient.DisplayData
@_exported import struct MartletClient.EngineError
@_exported import struct MartletClient.EngineSignal
@_exported import enum MartletClient.EngineTargets
@_exported import struct MartletClient.EngineView
@_exported import struct MartletClient.ExecuteReply
@_exported import struct MartletClient.KeywordArguments
@_exported import struct MartletClient.LoadBalancedView
@_exported import struct MartletClient.OutputLine
@_exported import struct MartletClient.OutputLines
@_exported import struct MartletClient.PythonFunction
@_exported import struct MartletClient.QueueStatus
@_exported import struct MartletClient.RegisteredEngine
@_exported import struct MartletClient.RemoteError
@_exported import protocol MartletClient.ResultList
@_exported import struct MartletClient.ResultStatus
@_exported import struct MartletClient.TaskAborted
@_exported import protocol MartletClient.TaskIdentifying
@_exported import struct MartletClient.TaskMetadata
@_exported import struct MartletClient.TaskOutput
@_exported import struct MartletClient.TaskProgress
@_exported import struct MartletClient.TaskRecord
// Clusters started by the program itself.
@_exported import class MartletCluster.Cluster
@_exported import struct MartletCluster.ClusterConfiguration
@_exported import struct MartletCluster.ClusterError
@_exported import struct MartletCluster.EngineGroup
@_exported import enum MartletCluster.EngineLauncher
@_exported import struct MartletCluster.MPILauncher
@_exported import struct MartletCluster.OptionError
@_exported import struct MartletCluster.ProfileDirectory
@_exported import struct MartletCluster.ProgramCommand
@_exported import struct MartletCluster.SSHHost
@_exported import struct MartletCluster.SSHLauncher
@_exported import struct MartletCluster.SlurmLauncher
// For use by functions while they run on an engine.
@_exported import struct MartletEngine.EngineContext
@_exported import struct MartletEngine.PythonConfiguration
@_exported import struct MartletEngine.PythonStartup
@_exported import struct MartletEngine.UnmetDependency
// Functions, the values sent over the wire, and connections.
@_exported import struct MartletWire.ArgumentError
@_exported import struct MartletWire.BigInteger
@_exported import struct MartletWire.CallArguments
@_exported import struct MartletWire.ConnectionError
@_exported import struct MartletWire.ConnectionFile
@_exported import struct MartletWire.ConnectionInfo
@_exported import struct MartletWire.JSONError
@_exported import enum MartletWire.JSONValue
@_exported import struct MartletWire.NDArray
@_exported import protocol MartletWire.NDArrayElement
@_exported import struct MartletWire.NoValue
@_exported import struct MartletWire.PickleDict
@_exported import struct MartletWire.PickleError
@_exported import struct MartletWire.PickleRecord
@_exported import struct MartletWire.PickleSet
@_exported import enum MartletWire.PickleValue
@_exported import struct MartletWire.RejectionCounts
@_exported import protocol MartletWire.RemoteCallable
@_exported import struct MartletWire.RemoteFunction
@_exported import struct MartletWire.Timestamp
@_exported import struct MartletWire.TupleValue
@_exported import struct MartletWire.WireError
@_exported import struct MartletZeroMQ.Bytes
