namespace SynthSae.Compute.Cuda

open System
open System.IO
open System.IO.Compression
open System.Text
open SynthSae.Compute.Files

/// The kernels as PTX inside the program, for machines without NVRTC: the driver compiles them for its
/// device. `./synthsae ptx` makes the file, with NVRTC 11.8: every driver since then reads it.
module EmbeddedKernels =
    /// The architecture that the PTX is made for, the oldest that the kernels run on.
    [<Literal>]
    let Architecture = "compute_80"

    [<Literal>]
    let Resource = "kernels.ptx.br"

    /// The first line of the file, a comment of PTX: which source it was made of.
    let private heading (source: string) =
        $"// SynthSae's kernels, source {Checksum.fnv1a source}\n"

    /// The content of the file: Brotli over a heading and PTX.
    let pack (source: string) (ptx: byte[]) : byte[] =
        use packed = new MemoryStream()

        using (new BrotliStream(packed, CompressionLevel.SmallestSize, true)) (fun stream ->
            stream.Write(Encoding.ASCII.GetBytes(heading source))
            stream.Write ptx)

        packed.ToArray()

    /// What `pack` packed, heading included (it is a comment). Raises on damage, which no built program has.
    let unpack (packed: Stream) : byte[] =
        use stream = new BrotliStream(packed, CompressionMode.Decompress)
        use unpacked = new MemoryStream()
        stream.CopyTo unpacked
        unpacked.ToArray()

    /// The PTX in this program, ending with a zero byte; none when it was built without.
    let tryLoad () : byte[] option =
        let assembly = typeof<Search>.Assembly

        match assembly.GetManifestResourceStream Resource with
        | null -> None
        | stream -> using stream (unpack >> Some)

    /// The PTX was made of this source.
    let isOf (source: string) (ptx: byte[]) =
        ptx.AsSpan().StartsWith(Encoding.ASCII.GetBytes(heading source))
