namespace SynthSae.Compute.Cuda

open System
open System.Buffers.Binary
open System.IO
open System.Text
open SynthSae.Compute
open SynthSae.Compute.Files

/// Compiled kernels on disk. An entry is named by the hash of what determines it, holds that in full and a
/// checksum, and is written whole; any number of processes may use the folder.
module ImageCache =
    let private magic = "SSKERN01"B

    /// The file of what `key` names, in a cache folder.
    let entry (folder: string) (key: string) =
        Path.Combine(folder, Checksum.fnv1a key + ".kernels")

    let private checksum (key: byte[]) (image: byte[]) =
        Checksum.crc32c (Checksum.crc32c 0u (ReadOnlySpan key)) (ReadOnlySpan image)

    /// What stands before the image: magic, checksum of key and image, length of the key, key.
    let private header (key: string) (image: byte[]) : byte[] =
        let keyBytes = Encoding.UTF8.GetBytes key
        let numbers = Array.zeroCreate<byte> 8
        BinaryPrimitives.WriteUInt32LittleEndian(numbers.AsSpan(), checksum keyBytes image)
        BinaryPrimitives.WriteInt32LittleEndian(numbers.AsSpan 4, keyBytes.Length)
        Array.concat [ magic; numbers; keyBytes ]

    /// Put an image into the folder. Raises `BadInput` when that cannot be written.
    let store (folder: string) (key: string) (image: byte[]) =
        AtomicFile.writeBytes (entry folder key) (Array.append (header key image) image)

    let private parse (key: string) (content: byte[]) : byte[] option =
        let start = magic.Length + 8 + Encoding.UTF8.GetByteCount key

        if content.Length <= start then
            None
        else
            let image = content[start..]
            let expected = header key image
            if content.AsSpan().StartsWith expected then Some image else None

    /// The stored image; none when it is missing, cannot be read, is damaged or another key's.
    let tryLoad (folder: string) (key: string) : byte[] option =
        let file = entry folder key

        if File.Exists file then
            try
                parse key (FileErrors.reading file (fun () -> File.ReadAllBytes file))
            with BadInput _ ->
                None
        else
            None
