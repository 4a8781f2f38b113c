@_exported import Client
@_exported import Cluster
@_exported import Engine
@_exported import Wire

@_exported import struct ZeroMQ.Bytes
