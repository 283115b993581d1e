using SynthSae.Api;
using SynthSae.Compute;

namespace SynthSae;

public sealed partial class SparseAutoencoder
{
    /// <summary>The latents of activations.</summary>
    /// <param name="activations">x (B, D), row after row; a multiple of D in length.</param>
    /// <returns>The active latents (B, L), in units of x.</returns>
    /// <exception cref="SynthSaeException">
    /// The device fails, or memory does not suffice.
    /// </exception>
    public SparseCodes Encode(ReadOnlySpan<float> activations)
    {
        var rows = Shapes.Rows(activations.Length, HiddenDim, nameof(activations));
        var latents = new CodesWriter(Width, rows);
        ForEachBatch(activations, rows, (_, codes, _) => latents.Add(codes, _units.Scale));
        return latents.ToCodes();
    }

    /// <summary>The latents of activations in dense form.</summary>
    /// <param name="activations">x (B, D), row after row; a multiple of D in length.</param>
    /// <param name="latents">Where the latents (B, L) go, row after row, zeros included.</param>
    /// <exception cref="SynthSaeException">
    /// The device fails, or memory does not suffice.
    /// </exception>
    public void Encode(ReadOnlySpan<float> activations, Span<float> latents)
    {
        var rows = Shapes.Rows(activations.Length, HiddenDim, nameof(activations));
        Shapes.Check(latents.Length, rows, Width, nameof(latents));
        var codes = Encode(activations);
        latents.Clear();
        for (var row = 0; row < rows; row++)
        {
            var index = codes.IndexOf(row);
            var value = codes.ValueOf(row);
            for (var entry = 0; entry < index.Length; entry++)
            {
                latents[(row * Width) + index[entry]] = value[entry];
            }
        }
    }

    /// <summary>What latents reconstruct.</summary>
    /// <param name="latents">The active latents (B, L), in units of x.</param>
    /// <returns>x̂ (B, D), row after row.</returns>
    /// <exception cref="SynthSaeException">
    /// The SAE scales each input by itself, so that latents alone do not say what it was: see
    /// <see cref="Reconstruct(ReadOnlySpan{float})"/>.
    /// </exception>
    public float[] Decode(SparseCodes latents)
    {
        if (latents.Width != Width)
        {
            throw new ArgumentException(
                $"must have width {Width} (got {latents.Width})", nameof(latents));
        }

        if (!_sae.Scaling.IsNone)
        {
            throw new SynthSaeException(
                "SAE", "scales each input by itself, so latents alone do not say what it was");
        }

        var reconstruction = new float[checked(latents.Rows * HiddenDim)];
        var codes = new Codes(Width);
        for (var start = 0; start < latents.Rows; start += Shapes.Batch)
        {
            var size = Math.Min(Shapes.Batch, latents.Rows - start);
            latents.CopyTo(codes, start, size);
            for (var entry = 0; entry < codes.Count; entry++)
            {
                codes.Value[entry] = _units.OfX(codes.Index[entry], codes.Value[entry]);
            }

            var batch = new Matrix(size, HiddenDim);
            Use(runner => runner.Decode(codes, batch));
            batch.Span.CopyTo(reconstruction.AsSpan(start * HiddenDim));
        }

        return reconstruction;
    }

    /// <summary>What latents in dense form reconstruct.</summary>
    /// <param name="latents">
    /// (B, L), row after row, in units of x; a multiple of L in length.
    /// </param>
    /// <param name="reconstruction">Where x̂ (B, D) goes, row after row.</param>
    /// <exception cref="SynthSaeException">See <see cref="Decode(SparseCodes)"/>.</exception>
    public void Decode(ReadOnlySpan<float> latents, Span<float> reconstruction)
    {
        var rows = Shapes.Rows(latents.Length, Width, nameof(latents));
        Shapes.Check(reconstruction.Length, rows, HiddenDim, nameof(reconstruction));
        Decode(SparseCodes.FromDense(latents, Width)).CopyTo(reconstruction);
    }

    /// <summary>Encode and decode.</summary>
    /// <param name="activations">x (B, D), row after row; a multiple of D in length.</param>
    /// <returns>x̂ (B, D), row after row.</returns>
    /// <exception cref="SynthSaeException">
    /// The device fails, or memory does not suffice.
    /// </exception>
    public float[] Reconstruct(ReadOnlySpan<float> activations)
    {
        var rows = Shapes.Rows(activations.Length, HiddenDim, nameof(activations));
        var reconstruction = new float[activations.Length];
        ForEachBatch(activations, rows, Decode);
        return reconstruction;

        void Decode(SaeRunner runner, Codes codes, int start)
        {
            var batch = new Matrix(codes.Rows, HiddenDim);
            runner.Decode(codes, batch);
            batch.Span.CopyTo(reconstruction.AsSpan(start * HiddenDim));
        }
    }

    private void ForEachBatch(
        ReadOnlySpan<float> activations, int rows, Action<SaeRunner, Codes, int> use)
    {
        var codes = new Codes(Width);
        for (var start = 0; start < rows; start += Shapes.Batch)
        {
            var size = Math.Min(Shapes.Batch, rows - start);
            var batch = new Matrix(size, HiddenDim);
            activations.Slice(start * HiddenDim, batch.Length).CopyTo(batch.Span);
            var first = start;
            Use(runner =>
            {
                runner.Encode(batch, codes);
                use(runner, codes, first);
            });
        }
    }

    // The runner's buffers serve one batch at a time.
    private void Use(Action<SaeRunner> work)
    {
        lock (_computing)
        {
            Boundary.Run(() => work(_runner.Value));
        }
    }
}
