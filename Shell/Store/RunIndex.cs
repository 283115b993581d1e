using SynthSae.Compute.Files;
using SynthSae.Hosting;

namespace SynthSae.Store;

/// <summary>
/// What a store has read of its runs, kept in a file of the runs folder so that the next reader
/// need not open every run. It is a cache: where it is lost, damaged or cannot be written, reading
/// takes longer, and that is all.
/// </summary>
/// <param name="runsFolder">The folder of the runs.</param>
internal sealed class RunIndex(string runsFolder)
{
    /// <summary>Name of the file.</summary>
    public const string FileName = ".index";

    // Raised when the content changes: others are read as if there were none.
    private const int Version = 1;

    private readonly string _file = Path.Combine(runsFolder, FileName);

    /// <summary>What is known of the folder's runs by their ids.</summary>
    public Dictionary<string, KnownRun> Read()
    {
        try
        {
            var bytes = File.ReadAllBytes(_file);
            var content = bytes.AsSpan(0, Math.Max(0, bytes.Length - sizeof(uint)));
            return bytes.Length > sizeof(uint)
                && BitConverter.ToUInt32(bytes, content.Length) == Checksum.crc32c(0, content)
                    ? Decode(bytes)
                    : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Keep what is known.</summary>
    public void Write(IReadOnlyCollection<KnownRun> runs)
    {
        try
        {
            AtomicFile.replaceBytes(_file, Encode(runs));
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            // Not ours to write, or there is no room: the next one reads again.
        }
    }

    private static byte[] Encode(IReadOnlyCollection<KnownRun> runs)
    {
        using var stream = new MemoryStream();
        var writer = new RunEncoding.Writer(stream);
        writer.Whole(Version);
        writer.Whole(runs.Count);
        foreach (var run in runs)
        {
            writer.Known(run);
        }

        var content = stream.ToArray();
        return [.. content, .. BitConverter.GetBytes(Checksum.crc32c(0, content))];
    }

    private Dictionary<string, KnownRun> Decode(byte[] bytes)
    {
        var reader = new RunEncoding.Reader(bytes, runsFolder);
        if (reader.Whole() != Version)
        {
            return [];
        }

        var count = (int)reader.Whole();
        var runs = new Dictionary<string, KnownRun>(count, StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var known = reader.Known();
            runs[known.Id] = known;
        }

        return runs;
    }
}
