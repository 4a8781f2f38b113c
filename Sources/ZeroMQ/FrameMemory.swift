import CMartletZeroMQ

/// Where the C library finds memory for large frames.
package enum FrameMemory {
  /// Makes the C library reuse the memory of freed frames, for a process that passes on large frames and keeps some: a
  /// controller.
  ///
  /// By default glibc maps memory for each large frame and returns it to the kernel with the frame; after it has seen a
  /// few freed, it grows the heap by just what each frame needs. Memory fresh from the kernel costs a page fault for every
  /// 4 kB, which takes longer than filling it. The price: up to 32 MB stay with each receiving thread after the frames
  /// are gone. Does nothing without glibc.
  package static func reuse() {
    #if canImport(Glibc)
      // Half of a heap, which is what every thread but the first takes from the kernel. A larger frame does not fit there,
      // and if more were kept free at the end of a heap, an empty heap would never be returned.
      let size: Int32 = 32 << 20
      _ = mallopt(M_MMAP_THRESHOLD, size)
      _ = mallopt(M_TRIM_THRESHOLD, size)
      _ = mallopt(M_TOP_PAD, size)
    #endif
  }
}
