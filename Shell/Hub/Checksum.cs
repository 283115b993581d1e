using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SynthSae.Hub;

/// <summary>
/// The checksum by which the hub knows a file: SHA-256 for a large file, git's SHA-1 of the blob
/// for a small one.
/// </summary>
/// <remarks>
/// The framework's own hashes open OpenSSL, which the program does without everywhere else. Here
/// they cost nothing more: a download from the hub goes through TLS, which needs OpenSSL as well.
/// </remarks>
internal sealed record Checksum
{
    private const int Sha1Digits = 40;
    private const int Sha256Digits = 64;

    private Checksum(string digits) => Digits = digits;

    /// <summary>Lower-case hexadecimal; the name of the file among the blobs.</summary>
    public string Digits { get; }

    /// <summary>The checksum of a blob's name or an ETag; null if it is none.</summary>
    public static Checksum? TryParse(string text) =>
        text.Length is Sha1Digits or Sha256Digits && text.All(char.IsAsciiHexDigitLower)
            ? new Checksum(text)
            : null;

    /// <summary>True if the content of a file has this checksum.</summary>
    public bool IsOf(FileStream file)
    {
        file.Position = 0;
        return Digits == Convert.ToHexStringLower(
            Digits.Length == Sha256Digits ? SHA256.HashData(file) : GitBlob(file));
    }

    /// <summary>E.g. sha256:0a4d….</summary>
    public override string ToString() =>
        (Digits.Length == Sha256Digits ? "sha256:" : "git-sha1:") + Digits;

    private static byte[] GitBlob(FileStream file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        var length = file.Length.ToString(CultureInfo.InvariantCulture);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {length}\0"));
        var buffer = new byte[1 << 16];
        while (file.Read(buffer) is > 0 and var count)
        {
            hash.AppendData(buffer, 0, count);
        }

        return hash.GetHashAndReset();
    }
}
