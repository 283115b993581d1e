module SynthSae.Tests.ChecksumTests

open System
open SynthSae.Compute.Files
open System.Text
open Xunit

let private crc (text: string) =
    Checksum.crc32c 0u (ReadOnlySpan(Encoding.ASCII.GetBytes text))

[<Fact>]
let ``CRC-32C has the check value of its definition`` () =
    Assert.Equal(0xE3069283u, crc "123456789")
    Assert.Equal(0u, crc "")

[<Fact>]
let ``CRC-32C can be continued anywhere`` () =
    let bytes = Array.init 100 (fun i -> byte (i * 37))
    let whole = Checksum.crc32c 0u (ReadOnlySpan bytes)

    for cut in 0..100 do
        let first = Checksum.crc32c 0u (ReadOnlySpan(bytes, 0, cut))
        Assert.Equal(whole, Checksum.crc32c first (ReadOnlySpan(bytes, cut, 100 - cut)))

[<Fact>]
let ``CRC-32C of numbers is that of their bytes`` () =
    let values = Array.init 33 float32
    let bytes = values |> Array.collect BitConverter.GetBytes
    let expected = Checksum.crc32c 0u (ReadOnlySpan bytes)
    Assert.Equal(expected, Checksum.crc32cOf 0u (ReadOnlySpan values))

[<Fact>]
let ``FNV-1a has its published values`` () =
    Assert.Equal("6c62272e07bb014262b821756295c58d", Checksum.fnv1a "")
    Assert.Equal("d228cb696f1a8caf78912b704e4a8964", Checksum.fnv1a "a")
