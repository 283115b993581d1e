using System.Text;

namespace SynthSae.Store;

/// <summary>Reads the whole lines of a file that grows.</summary>
/// <param name="path">The file, which need not exist yet.</param>
internal sealed class LineTail(string path)
{
    private const byte Break = (byte)'\n';

    // Of what was read last, to see whether the file was cut and has grown again.
    private byte[] _before = [];
    private long _read;

    /// <summary>The lines that were completed since the last call.</summary>
    /// <param name="restarted">The file is not the one that was read before: these are all of its
    ///   lines.</param>
    public IReadOnlyList<string> Read(out bool restarted)
    {
        restarted = false;
        try
        {
            var share = FileShare.ReadWrite | FileShare.Delete;
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, share, 1);
            restarted = _read > 0 && !Continues(stream);
            if (restarted)
            {
                (_read, _before) = (0, []);
            }

            return stream.Length > _read ? Take(stream) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return []; // not there yet, or no more
        }
    }

    private bool Continues(FileStream stream)
    {
        if (stream.Length < _read)
        {
            return false;
        }

        var found = new byte[_before.Length];
        stream.Position = _read - found.Length;
        return stream.ReadAtLeast(found, found.Length, false) == found.Length
            && found.AsSpan().SequenceEqual(_before);
    }

    private List<string> Take(FileStream stream)
    {
        stream.Position = _read;
        var bytes = new byte[stream.Length - _read];
        var count = stream.ReadAtLeast(bytes, bytes.Length, false);
        var whole = bytes.AsSpan(0, bytes.AsSpan(0, count).LastIndexOf(Break) + 1);
        if (whole.Length == 0)
        {
            return [];
        }

        _read += whole.Length;
        _before = whole[^Math.Min(whole.Length, 64)..].ToArray();
        var lines = new List<string>();
        foreach (var range in whole[..^1].Split(Break))
        {
            lines.Add(Encoding.UTF8.GetString(whole[range]));
        }

        return lines;
    }
}
