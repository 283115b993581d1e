/// From sources to images: architectures, the cache on disk, the embedded PTX.
module SynthSae.Tests.Cuda.CompilerTests

open System
open System.IO
open System.Text
open SynthSae.Compute.Cuda
open SynthSae.Tests
open Xunit

[<Theory>]
[<InlineData(9, 0, "sm_90")>]
[<InlineData(8, 6, "sm_86")>]
[<InlineData(8, 8, "compute_86")>]
[<InlineData(10, 3, "compute_90")>]
[<InlineData(12, 1, "compute_90")>]
let ``a device gets its own code, or PTX of the newest architecture before it``
    (major: int)
    (minor: int)
    (expected: string)
    =
    Assert.Equal(Some expected, Compiler.architecture [ 80; 86; 90 ] (major, minor))

[<Fact>]
let ``a device older than every known architecture gets nothing`` () =
    Assert.Equal(None, Compiler.architecture [ 75; 80 ] (7, 0))
    Assert.Equal(None, Compiler.architecture [] (9, 0))

[<Fact>]
let ``an image comes back from the cache under its own key only`` () =
    use folder = new TemporaryFolder()
    let image = Array.init 1000 byte
    ImageCache.store folder.Path "key" image
    Assert.Equal(Some image, ImageCache.tryLoad folder.Path "key")
    Assert.Equal(None, ImageCache.tryLoad folder.Path "other")
    Assert.Equal(None, ImageCache.tryLoad (folder.File "none") "key")
    // Another key's entry under this one's name.
    File.Move(ImageCache.entry folder.Path "key", ImageCache.entry folder.Path "kez")
    Assert.Equal(None, ImageCache.tryLoad folder.Path "kez")

[<Fact>]
let ``no damaged entry is taken: any byte changed, any end cut off`` () =
    use folder = new TemporaryFolder()
    let key = "kernels 1 x"
    ImageCache.store folder.Path key (Array.init 40 byte)
    let file = ImageCache.entry folder.Path key
    let whole = File.ReadAllBytes file

    for at in 0 .. whole.Length - 1 do
        let damaged = Array.copy whole
        damaged[at] <- damaged[at] ^^^ 0x10uy
        File.WriteAllBytes(file, damaged)
        Assert.Equal(None, ImageCache.tryLoad folder.Path key)
        File.WriteAllBytes(file, whole[.. at - 1])
        Assert.Equal(None, ImageCache.tryLoad folder.Path key)

    File.WriteAllBytes(file, whole)
    Assert.True((ImageCache.tryLoad folder.Path key).IsSome)

[<Fact>]
let ``packed PTX comes back, and says which source it is of`` () =
    Property.check (fun (ptx: byte[]) ->
        let unpacked = EmbeddedKernels.unpack (new MemoryStream(EmbeddedKernels.pack "source" ptx))

        EmbeddedKernels.isOf "source" unpacked
        && not (EmbeddedKernels.isOf "another" unpacked)
        && unpacked.AsSpan().EndsWith(ReadOnlySpan ptx))

[<Fact>]
let ``the program holds PTX that every supported device and every driver since 11.8 reads`` () =
    let ptx = EmbeddedKernels.tryLoad().Value
    Assert.Equal(0uy, Array.last ptx)
    let text = Encoding.ASCII.GetString ptx
    Assert.Contains("\n.target sm_80\n", text)
    // CUDA 11.8's: an older driver needs NVRTC.
    Assert.Contains("\n.version 7.8\n", text)
