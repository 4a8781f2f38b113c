import CMartletZeroMQ

/// Where the C library finds memory for large frames.
public enum FrameMemory {
  /// Makes the C library fill the place of frames that are gone with new ones, for a process that passes on large frames
  /// and keeps some: a controller.
  ///
  /// Left to itself glibc maps memory for each large frame and gives it back to the kernel with the frame; later, when it
  /// has seen a few go, it grows by just what each frame needs. Memory from the kernel costs a page fault for every 4 kB,
  /// which takes longer than to fill them. The price: up to 32 MB stay with each thread that receives when the frames are
  /// gone. Elsewhere than on glibc this does nothing.
  public static func reuse() {
    #if canImport(Glibc)
      // Half of a heap, which is what every thread but the first takes from the kernel: no larger frame can be put there,
      // and with more kept free at its end a heap would stay when all in it is gone.
      let size: Int32 = 32 << 20
      _ = mallopt(M_MMAP_THRESHOLD, size)
      _ = mallopt(M_TRIM_THRESHOLD, size)
      _ = mallopt(M_TOP_PAD, size)
    #endif
  }
}
