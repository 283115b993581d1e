using Microsoft.FSharp.Collections;
using SynthSae.Compute;
using SynthSae.Compute.Files;
using SynthSae.Settings;

namespace SynthSae.Core;

/// <summary>
/// Samples of a world as a safetensors file: <c>x</c> (n, D), and the true features in CSR form,
/// <c>row_start</c> (n+1, int64), <c>index</c> (int32), <c>value</c> (float32); the metadata say N.
/// An .npy file has x alone.
/// </summary>
internal static class SampleFile
{
    private const int Batch = 1024;

    /// <summary>Write samples 0 … n−1 of the inspection stream.</summary>
    public static void Write(string path, LoadedWorld world, long samples, AppSettings settings)
    {
        var dim = world.World.HiddenDim;
        if (samples * dim > Array.MaxLength)
        {
            throw Failure.BadInput(
                "--samples",
                $"at most {Array.MaxLength / dim} samples fit into one file (got {samples})");
        }

        var x = new Matrix((int)samples, dim);
        List<long> rowStart = [0];
        List<int> index = [];
        List<float> value = [];
        var sampler = world.Sampler(settings.Backend());
        var codes = new Codes(world.World.NumFeatures);
        for (var first = 0; first < x.Rows; first += Batch)
        {
            var batch = new Matrix(Math.Min(Batch, x.Rows - first), dim);
            sampler.Sample(Compute.Stream.Inspection, first, codes, batch);
            batch.Span.CopyTo(x.Span[(first * dim)..]);
            for (var row = 0; row < codes.Rows; row++)
            {
                index.AddRange(codes.RowIndex(row));
                value.AddRange(codes.RowValue(row));
                rowStart.Add(index.Count);
            }
        }

        if (Files.IsNpy(path))
        {
            Npy.write(path, x);
            return;
        }

        var tensors = Tensors(x, rowStart, index, value);
        Safetensors.write(path, Metadata(world), ListModule.OfSeq(tensors));
    }

    private static FSharpList<Tuple<string, string>> Metadata(LoadedWorld world) =>
        ListModule.OfSeq(
        [
            Tuple.Create("model", world.Name),
            Tuple.Create("num_features", $"{world.World.NumFeatures}"),
        ]);

    private static IEnumerable<Tuple<string, Tensor>> Tensors(
        Matrix x, List<long> rowStart, List<int> index, List<float> value)
    {
        var count = ListModule.Singleton(index.Count);
        yield return Tuple.Create(FileTransforms.Activations, Tensor.NewMatrix(x));
        yield return Tuple.Create(
            "row_start", Tensor.NewInt64(ListModule.Singleton(rowStart.Count), [.. rowStart]));
        yield return Tuple.Create("index", Tensor.NewInt32(count, [.. index]));
        yield return Tuple.Create("value", Tensor.NewFloat32(count, [.. value]));
    }
}
