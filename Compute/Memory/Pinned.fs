namespace SynthSae.Compute

open System
open System.Runtime.InteropServices
open FSharp.NativeInterop

/// A pinned array that grows: scratch space for kernels. Its address changes when it grows.
[<Sealed>]
type Pinned<'T when 'T: unmanaged>(capacity: int) =
    let mutable items = GC.AllocateArray<'T>(max 1 capacity, pinned = true)

    /// The elements, as many as there is room for.
    member _.Items = items

    /// Address of element 0; whoever takes it keeps this object reachable and does not let it grow.
    member _.Ptr: nativeptr<'T> =
        NativePtr.ofNativeInt (Marshal.UnsafeAddrOfPinnedArrayElement(items, 0))

    /// Make room for `count` elements; those that are there stay.
    member _.Reserve(count: int) =
        if count > items.Length then
            let larger = GC.AllocateArray<'T>(max count (items.Length * 2), pinned = true)
            items.AsSpan().CopyTo(larger.AsSpan())
            items <- larger
