#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The identities that libzmq generates for the peers of a ROUTER socket: numbers that count up from `rand()`.
package enum RoutingIdentities {
  /// Makes the numbers begin elsewhere than in other processes; to be called before the sockets are made.
  ///
  /// libzmq doesn't seed `rand()`, so a process that takes the place of another would give the same identities, in the
  /// order in which peers connect: a reply on its way to a peer of the earlier process would reach one of this.
  package static func randomize() { srand(UInt32.random(in: .min ... .max)) }
}
