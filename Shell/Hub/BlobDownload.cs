using System.Net;
using Microsoft.FSharp.Core;
using SynthSae.Compute.Files;

namespace SynthSae.Hub;

/// <summary>
/// Downloads one file into the blobs. What has arrived lies in CHECKSUM.incomplete, which the next
/// attempt goes on with, also that of another process; it becomes the blob when it is whole and
/// has the right checksum.
/// </summary>
internal sealed class BlobDownload(HubHttp http, HubFile file)
{
    private const int BufferSize = 1 << 18;

    private readonly byte[] _buffer = new byte[BufferSize];

    /// <summary>Download the file; the caller holds its lock.</summary>
    public async Task ToAsync(string blob, CancellationToken stop)
    {
        var partial = blob + ".incomplete";
        if (!await FillAsync(partial, stop))
        {
            throw new HubFailure(
                $"{file.Name} has arrived with another content than its checksum "
                + $"{file.Checksum} says; it was thrown away");
        }

        FileErrors.writing(blob, FuncConvert.FromAction(() => File.Move(partial, blob, true)));
    }

    // False if the content is wrong; nothing is left of it then.
    private async Task<bool> FillAsync(string partial, CancellationToken stop)
    {
        await using var stream = Open(partial);
        var goesOn = stream.Length > 0;
        await AppendAsync(stream, stop);
        var isRight = file.Checksum.IsOf(stream);
        if (!isRight && goesOn)
        {
            // What was there may have been anything: begin again.
            stream.SetLength(0);
            await AppendAsync(stream, stop);
            isRight = file.Checksum.IsOf(stream);
        }

        if (!isRight)
        {
            Core.Files.Delete(partial);
            return false;
        }

        Write(partial, () => stream.Flush(true));
        return true;
    }

    // Until all is there: each attempt goes on where the last one has ended.
    private async Task AppendAsync(FileStream stream, CancellationToken stop)
    {
        var backoff = new Backoff(http, http.Settings.Attempts);
        var furthest = stream.Length;
        while (stream.Length != file.Size)
        {
            try
            {
                await AppendOnceAsync(stream, stop);
                return;
            }
            catch (HubFailure failure)
            {
                if (stream.Length > furthest)
                {
                    furthest = stream.Length;
                    backoff.Reset();
                }

                if (!await backoff.WaitAsync(failure, stop))
                {
                    throw;
                }
            }
        }
    }

    private async Task AppendOnceAsync(FileStream stream, CancellationToken stop)
    {
        if (stream.Length > file.Size)
        {
            stream.SetLength(0);
        }

        var from = stream.Length;
        var request = new HubRequest(HttpMethod.Get, file.Uri, file.Id, file.Name, from);
        using var answer = await http.AskOnceAsync(request, stay: false, stop);
        var uri = answer.RequestMessage?.RequestUri ?? file.Uri;
        switch (answer.StatusCode)
        {
            case HttpStatusCode.PartialContent
                when from > 0 && answer.Content.Headers.ContentRange?.From == from:
                break;
            case HttpStatusCode.PartialContent:
                throw HubFailure.OfAnswer(uri, $"sends another part of {file.Name} than asked for");
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                stream.SetLength(0);
                throw new HubFailure($"{uri.Authority} has no more of {file.Name}")
                {
                    IsPassing = from > 0,
                };
            default:
                stream.SetLength(0); // a server that knows no parts
                break;
        }

        stream.Position = stream.Length;
        await CopyAsync(answer, uri, stream, stop);
        if (file.Size is { } size && stream.Length < size)
        {
            throw new HubFailure(
                $"{uri.Authority} ended {file.Name} after {stream.Length} of {size} bytes")
            {
                IsPassing = true,
            };
        }
    }

    private async Task CopyAsync(
        HttpResponseMessage answer, Uri uri, FileStream stream, CancellationToken stop)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(stop);
        while (await ReadAsync(body, uri, stop) is > 0 and var count)
        {
            if (stream.Length + count > file.Size)
            {
                throw HubFailure.OfAnswer(uri, $"sends more than {file.Name} has");
            }

            Write(stream.Name, () => stream.Write(_buffer, 0, count));
            http.Observer.Progress(file.Name, stream.Length, file.Size);
        }
    }

    private async Task<int> ReadAsync(System.IO.Stream body, Uri uri, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(http.Settings.Patience);
        try
        {
            return await body.ReadAsync(_buffer, limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw HubFailure.OfSilence(uri, http.Settings.Patience);
        }
        catch (IOException)
        {
            throw new HubFailure($"{uri.Authority} broke off in the middle of {file.Name}")
            {
                IsPassing = true,
            };
        }
    }

    // Unbuffered, so that its length is what is in the file; a second writer is kept out.
    private static FileStream Open(string path)
    {
        FileStream? stream = null;
        Write(path, () => stream = new FileStream(
            path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0));
        return stream!;
    }

    private static void Write(string path, Action write) =>
        FileErrors.writing(path, FuncConvert.FromAction(write));
}
