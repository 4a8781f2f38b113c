@_exported import MartletClient
@_exported import MartletCluster
@_exported import MartletEngine
@_exported import MartletWire

@_exported import struct MartletZeroMQ.Bytes
