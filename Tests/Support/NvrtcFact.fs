namespace SynthSae.Tests

open System
open System.Runtime.InteropServices
open SynthSae.Compute.Cuda
open Xunit

/// A test that compiles with NVRTC, which the loader must find (scripts/install-nvrtc.sh).
[<AttributeUsage(AttributeTargets.Method)>]
type NvrtcFactAttribute() =
    inherit FactAttribute()

    static let missing =
        let isThere name =
            let found, handle = NativeLibrary.TryLoad(name: string)

            if found then
                NativeLibrary.Free handle

            found

        if LibraryPlaces.soNames CudaLibrary.Nvrtc None |> List.exists isThere then
            null
        else
            "there is no NVRTC to compile the kernels with"

    override _.Skip
        with get () = missing
        and set _ = ()
