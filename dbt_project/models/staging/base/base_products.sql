{{ stage_base(
    entity='products',
    columns=[
        'product_id',
        'name',
        'category',
        'updated_at',
    ],
    key=['product_id']
) }}
